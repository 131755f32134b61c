# Everything runs in .venv, which each target makes first when it is missing or requirements/ has changed.
# Where ROS 2 is sourced, .venv sees it; elsewhere .venv gets ROS 2's own packages as wheels.
PYTHON ?= python3
ARGS ?=

FLAVOUR := $(shell test -n "$$ROS_DISTRO" && $(PYTHON) -c 'import rclpy' 2>/dev/null && echo ros || echo wheels)
STAMP := .venv/installed-with-$(FLAVOUR)
BIN := .venv/bin
RUN := $(BIN)/python -m iat_ros
# .venv finds the package in this checkout, so that `python -m iat_ros` works from any folder.
ADD_CHECKOUT = echo "$(CURDIR)" > \
  "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/iat_ros_checkout.pth"

# The ROS wheels set the library path once for themselves and their children; another environment's must not stay.
ifdef _ROS_WHEELS_BOOTSTRAP_COMPLETE
ifeq ($(FLAVOUR),wheels)
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE LD_LIBRARY_PATH
endif
endif

.DEFAULT_GOAL := help
.PHONY: help demo train evaluate reproduce bench_training bench_augmentation bench_selection bench_uncut bench_cleaning bench_joint_space bench_answering bench_early bench_perception bench_retargeting bench_reaction bench faults interact play viewer make_up reference test lint clean venv

help: ## list the targets
	@echo 'make TARGET [ARGS="..."]; ARGS="--help" tells the options of a target'
	@sed -n 's/^\([a-z_]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 22

demo: $(STAMP) ## play a recording to the nodes and show what they answer
	$(RUN) demo $(ARGS)

train: $(STAMP) ## learn a model from a data directory
	$(RUN) train $(ARGS)

evaluate: $(STAMP) ## score a model
	$(RUN) evaluate $(ARGS)

reproduce: $(STAMP) ## the paper's comparison: tables, figures and a page
	$(RUN) reproduce $(ARGS)

bench_training: $(STAMP) ## training against a plain loop of the same recipe
	$(BIN)/python benchmarks/training.py $(ARGS)

bench_augmentation: $(STAMP) ## sparse neighbours from 1,000 to 1,000,000 actions
	$(BIN)/python benchmarks/augmentation.py $(ARGS)

bench_selection: $(STAMP) ## judge a recipe on set A alone, without labels
	$(BIN)/python benchmarks/selection.py $(ARGS)

bench_uncut: $(STAMP) ## learning from recordings that nobody cut, against the same actions cut
	$(BIN)/python benchmarks/uncut.py $(ARGS)

bench_cleaning: $(STAMP) ## what cleaning wins on damaged recordings
	$(BIN)/python benchmarks/cleaning.py $(ARGS)

bench_joint_space: $(STAMP) ## answers in a robot's joints beside answers in limbs, on the same robot
	$(BIN)/python benchmarks/joint_space.py $(ARGS)

bench_answering: $(STAMP) ## how long the generator takes
	$(BIN)/python benchmarks/answering.py $(ARGS)

bench_early: $(STAMP) ## answers before the action ends, judged on set B
	$(BIN)/python benchmarks/early.py $(ARGS)

bench_perception: $(STAMP) ## what perception costs and bears, and how soon it sees that an action is over
	$(BIN)/python benchmarks/perception.py $(ARGS)

bench_retargeting: $(STAMP) ## retargeting against mink and pink, where requirements/bench.txt is installed
	$(BIN)/python benchmarks/retargeting.py $(ARGS)

bench_reaction: $(STAMP) ## how soon the chain reacts, beside a relay of the same messages
	$(BIN)/python benchmarks/reaction.py $(ARGS)

bench: $(STAMP) ## everything about speed in one run, to build/bench.json; ARGS="--data DIR" with UTD-MHAD
	$(BIN)/python benchmarks/all.py $(ARGS)

faults: $(STAMP) ## break the chain in every way, figures to build/faults.json; ARGS="--parts sensor,soak" runs some, --victims says who is killed
	$(BIN)/python benchmarks/faults/__main__.py $(ARGS)

interact: $(STAMP) ## all nodes in one process
	$(RUN) interact $(ARGS)

play: $(STAMP) ## stream clips or a bag as a live skeleton
	$(RUN) play $(ARGS)

viewer: $(STAMP) ## show person, answer and robot in a browser page
	$(RUN) viewer $(ARGS)

make_up: $(STAMP) ## write made-up motions as a bag
	$(RUN) make_up $(ARGS)

# The plug-ins of ROS 2's launch fit its distribution's pytest, not the one pinned here, and no test needs them.
NO_LAUNCH := -p no:launch_testing -p no:launch_ros -p no:launch_pytest

test: $(STAMP) ## run the tests; ARGS="-k NAME" or a path picks some
	$(BIN)/python -m pytest $(NO_LAUNCH) $(ARGS)

reference: $(STAMP) ## write docs/reference.md from the code
	PYTHONPATH=. $(BIN)/python docs/make_reference.py

lint: $(STAMP) ## check style and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

venv: $(STAMP) ## only make .venv

clean: ## remove .venv and everything else that was made here
	rm -rf .venv build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What a link leads to belongs to another checkout; made anew, it would be emptied.
NO_LINK := @test ! -L .venv || { echo 'error: .venv is a link, and would be made anew: remove it first' >&2; exit 1; }

.venv/installed-with-wheels: $(wildcard requirements/*.txt)
	$(NO_LINK)
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -c requirements/constraints.txt \
	  -r requirements/base.txt -r requirements/ros-wheels.txt -r requirements/dev.txt
	$(ADD_CHECKOUT)
	touch $@

# ROS 2's messages are compiled against the system's NumPy, so that version must stay.
.venv/installed-with-ros: $(wildcard requirements/*.txt)
	$(NO_LINK)
	$(PYTHON) -m venv --clear --system-site-packages .venv
	grep -v '^numpy==' requirements/constraints.txt > .venv/constraints.txt
	$(PYTHON) -c 'import numpy; print(f"numpy=={numpy.__version__}")' >> .venv/constraints.txt
	$(BIN)/python -m pip install -c .venv/constraints.txt -r requirements/base.txt -r requirements/dev.txt
	$(ADD_CHECKOUT)
	touch $@
