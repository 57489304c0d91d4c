systemctl restart vm@cent7
