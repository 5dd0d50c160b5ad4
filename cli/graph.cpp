// runnel graph: the computation graph of an expression, with values and derivatives, or the layers of a
// model.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "artifact/output_file.h"
#include "cli/graphviz.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/report_graph.h"
#include "core/fail.h"
#include "core/text.h"
#include "runnel/expression.h"

namespace runnel::cli {
namespace {

constexpr const char* examples =
    R"(An expression has numbers, names, + - * / ^ ( ), functions, pi and e. What is used more than once
can have a name: 's = x1 + x2; s * log(s)'. -x^2 is -(x^2); an expression that begins with a minus
stands at the end, behind --.
Every node is told with its value, its derivative by each input (forward mode), and the
derivative of the result by it (reverse mode).

Examples:
  runnel graph 'log((x1+x2)*(2*x1+x2))' --at x1=1,x2=0
  runnel graph 'exp(-x^2)' --at x=0.5 --format svg -o bell.svg
  runnel graph --from-model songs.runnel.safetensors)";

struct Arguments {
  std::string expression, at, model, format, out;
  Manner manner;
};

std::map<std::string, double> point_from(const std::string& text) {
  std::map<std::string, double> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view one = std::string_view(text).substr(begin, end - begin);
    const std::size_t sign = one.find('=');
    const std::string name(trimmed(one.substr(0, std::min(sign, one.size()))));
    const auto value =
        sign == std::string_view::npos ? std::nullopt : to_number(trimmed(one.substr(sign + 1)));
    if (name.empty() || !value) fail("--at '{}': values are given as --at x1=1,x2=0.5", std::string(one));
    if (!out.emplace(name, *value).second) fail("--at: {} is given twice", name);
    begin = end + 1;
  }
  return out;
}

std::string shown(const Arguments& arguments, const std::string& text, const Json& json,
                  const Drawing& drawing) {
  if (arguments.manner.json) return dumped(json);
  if (arguments.format == "text") return text;
  const std::string dot = to_dot(drawing);
  return arguments.format == "dot" ? dot : svg_of(dot);
}

std::string of_expression(const Arguments& arguments) {
  const Expression expression = Expression::parse(arguments.expression);
  std::optional<NodeDerivatives> numbers;
  if (!arguments.at.empty() || expression.inputs().empty())
    numbers = differentiate(
        expression, arguments.at.empty() ? std::map<std::string, double>{} : point_from(arguments.at));
  const NodeDerivatives* known = numbers ? &*numbers : nullptr;
  return shown(arguments, expression_text(expression, known),
               expression_json(expression, arguments.expression, known), drawing_of(expression, known));
}

std::string of_model(const Arguments& arguments) {
  const Model model = Model::load(arguments.model);
  return shown(arguments, network_steps_text(model, arguments.model),
               network_steps_json(model, arguments.model),
               nn::drawing_of(model.network, models::activation_of(model.configuration)));
}

int act(Arguments arguments) {
  if (arguments.expression.empty() == arguments.model.empty())
    fail("{}", arguments.model.empty() ? "an expression is needed, as 'log(x1 + x2)', or --from-model FILE"
                                       : "an expression and --from-model: give one of them");
  if (!arguments.model.empty() && !arguments.at.empty())
    fail("--at belongs to an expression, not to a model");
  if (arguments.format.empty())
    arguments.format = arguments.out.ends_with(".svg")   ? "svg"
                       : arguments.out.ends_with(".dot") ? "dot"
                                                         : "text";
  const std::vector<std::string> formats = {"text", "dot", "svg"};
  if (std::find(formats.begin(), formats.end(), arguments.format) == formats.end())
    fail("--format {}: a graph is shown as text, dot or svg{}", arguments.format,
         suggestion(arguments.format, formats));
  if (arguments.manner.json && arguments.format != "text")
    fail("--json and --format {}: give one of them", arguments.format);
  if (!arguments.out.empty()) {
    refuse_to_overwrite(arguments.out, {arguments.model});
    check_writable(arguments.out);
  }
  const std::string text = arguments.model.empty() ? of_expression(arguments) : of_model(arguments);
  if (arguments.out.empty())
    write_stdout(text);
  else
    write_file(arguments.out, text);
  return 0;
}

std::string functions_text() {
  std::string line, out;
  for (const ExpressionFunction& f : expression_functions()) {
    if (f.name == "add" || f.name == "sub" || f.name == "mul" || f.name == "div" || f.name == "neg") continue;
    const std::string name = f.name + (f.operands == 1 ? "(x)" : "(x, y)");
    if (line.size() + name.size() > 92) {
      out += line + "\n";
      line = " ";
    }
    line += " " + name;
  }
  return "Functions:\n " + out + line + "\n";
}

}  // namespace

Action add_graph(CLI::App& program) {
  CLI::App& app =
      *program.add_subcommand("graph", "Show the computation graph of an expression, or a model's layers");
  auto arguments = std::make_shared<Arguments>();
  app.add_option("EXPRESSION", arguments->expression, "Such as 'log((x1+x2)*(2*x1+x2))'")->type_name("");
  app.add_option("--at", arguments->at, "Values of the inputs: x1=1,x2=0")->type_name("NAME=NUMBER,...");
  app.add_option("--from-model", arguments->model,
                 "A model, whose layers are shown with shapes and parameters")
      ->type_name("FILE");
  app.add_option("--format", arguments->format, "text, dot or svg (by the name of the file, or text)")
      ->type_name("FORMAT");
  app.add_option("-o,--out", arguments->out, "Write it here and not to the standard output")
      ->type_name("FILE");
  add_manner(app, arguments->manner);
  app.footer([] { return functions_text() + examples; });
  return [arguments] { return act(*arguments); };
}

}  // namespace runnel::cli
