PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test proof check lint types sanitize wasm bench clean

# Everything below needs this; it runs again when the dependencies or the kernels change.
.venv/.ready: pyproject.toml constraints.txt $(wildcard kernels/*)
	@echo "Installing PyTorch and the like into .venv: some minutes"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

setup: .venv/.ready

demo: setup
	$(BIN)/drywet demo -o demo --overwrite

test: setup
	$(BIN)/python -m pytest

# What `make test` proves by a few cases, proved by all of them.
proof: setup
	$(BIN)/python -m pytest -m proof

check: lint types test

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

# The kernels under the address and undefined-behaviour sanitizers.
sanitize:
	cmake -S kernels -B build/sanitize -DDRYWET_SANITIZE=ON
	cmake --build build/sanitize --target check --parallel
	build/sanitize/check

# The kernels of the page of 'drywet serve'; the repository has them built.
wasm:
	kernels/wasm.sh

bench: setup
	$(BIN)/python -m benchmarks.training_step
	$(BIN)/python -m benchmarks.windowed
	$(BIN)/python -m benchmarks.streaming
	$(BIN)/python -m benchmarks.render

clean:
	rm -rf .venv build demo
