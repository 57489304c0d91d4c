# Prints without end: what a terminal obeys, and what ends a section of XML.
yes "$(printf ']]>\033[2J\033]0;title\007<script>alert(1)</script>&')"
