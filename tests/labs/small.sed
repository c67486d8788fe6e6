# Makes a configuration of configs/labs, or the commands of a sheet, a matter of a second.
s/^dataset = idx$/dataset = shapes/
/^path = \/usr\/share\//d
/^test = /d
s/^train = .*/train = 160\
test = 64/
s/^epochs = .*/epochs = 2/
s/^retrain_epochs = [0-9]*/retrain_epochs = 1/
s/train\.epochs=[0-9]*/train.epochs=1/
s/retrain_epochs=[0-9]*/retrain_epochs=1/
s/^hidden = .*/hidden = 20 10/
s/repeats=[0-9]*/repeats=1 batch=16/
