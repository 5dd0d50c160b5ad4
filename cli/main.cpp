#include "cli/program.h"

int main(int argc, char** argv) { return runnel::cli::run(argc, argv); }
