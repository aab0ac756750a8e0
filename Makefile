# The same targets as ./run, for those whose fingers type make.
.PHONY: help demo test test-fast check format audit bench
help demo test check format audit bench:
	@./run $@
test-fast:
	@./run test fast
