#include "cli/graphviz.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/fail.h"

extern char** environ;

namespace runnel::cli {
namespace {

// Files without a name between us and the other program: pipes would have to be read and written by turns.
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File nameless() {
  File file(std::tmpfile(), &std::fclose);
  if (!file) fail_run("no temporary file for the drawing: {}", std::strerror(errno));
  return file;
}

std::string all_of(std::FILE* file) {
  std::rewind(file);
  std::string out;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) out.append(buffer, n);
  return out;
}

}  // namespace

std::string svg_of(const std::string& dot) {
  const File in = nameless(), out = nameless(), said = nameless();
  if (std::fwrite(dot.data(), 1, dot.size(), in.get()) != dot.size() || std::fflush(in.get()) != 0)
    fail_run("the temporary file of the drawing cannot be written: {}", std::strerror(errno));
  std::rewind(in.get());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(said.get()), STDERR_FILENO);
  std::string program = "dot", format = "-Tsvg";
  char* arguments[] = {program.data(), format.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "dot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    fail_run(
        "SVG is drawn by Graphviz's program 'dot', which cannot be started ({}): install graphviz, or take "
        "--format dot",
        std::strerror(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail_run("Graphviz's 'dot' failed: {}", all_of(said.get()));
  return all_of(out.get());
}

}  // namespace runnel::cli
