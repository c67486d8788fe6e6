# The commands of a sheet as a shell script: blocks of sh as they are; a block "c PATH" becomes the file PATH. The lines of
# blocks "output", which the commands must print, go to the file `expected`.
/^```sh$/ { inside = "sh"; next }
/^```output$/ { inside = "output"; next }
/^```c / { inside = "c"; print "cat >" $2 " <<'END_OF_FILE'"; next }
/^```$/ && inside == "c" { print "END_OF_FILE" }
/^```/ { inside = inside == "" ? "shown" : ""; next }
inside == "sh" || inside == "c" { print }
inside == "output" { print >expected }
