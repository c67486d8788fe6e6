# The commands of a sheet as a shell script: blocks of sh as they are; a block "c PATH" becomes the file PATH.
/^```sh$/ { inside = "sh"; next }
/^```c / { inside = "c"; print "cat >" $2 " <<'END_OF_FILE'"; next }
/^```$/ && inside == "c" { print "END_OF_FILE" }
/^```/ { inside = inside == "" ? "shown" : ""; next }
inside == "sh" || inside == "c" { print }
