// SPDX-License-Identifier: Apache-2.0
#include "core/commands/command.h"

#include <algorithm>
#include <sstream>
#include <typeinfo>

#include "core/base/check.h"
#include "core/base/strings.h"

namespace tightrope {

std::map<std::string, Command>& commands() {
  static std::map<std::string, Command> all;
  return all;
}

namespace {

// What an option takes, by the type it is stored as; empty when any text will do.
std::string wanted(const po::options_description& options, const std::string& name) {
  const po::option_description* option = options.find_nothrow(name, false);
  if (option == nullptr) return "";
  const auto* typed = dynamic_cast<const po::typed_value_base*>(option->semantic().get());
  if (typed == nullptr) return "";
  const std::type_info& type = typed->value_type();
  if (type == typeid(std::string) || type == typeid(std::vector<std::string>)) return "";
  return type == typeid(double) ? "a number" : "an integer";
}

// One line for what the parser refuses: the word, what is allowed, the nearest option.
std::string refusal(const po::options_description& options, const std::vector<std::string>& args,
                    const std::vector<std::string>& positional, const po::error& error) {
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
    std::vector<std::string> names;
    for (const auto& option : options.options()) names.push_back("--" + option->long_name());
    const std::string name = unknown->get_option_name();
    const auto near = nearest(name, names);
    return fmt::format("unknown option {}{}", name,
                       near ? fmt::format("; did you mean {}?", *near) : "");
  }
  if (const auto* invalid = dynamic_cast<const po::validation_error*>(&error)) {
    std::string name = invalid->get_option_name();
    name = name.substr(name.find_first_not_of('-'));
    const std::string type = wanted(options, name);
    const auto flag = std::ranges::find_if(
        args, [&](const std::string& arg) { return arg.substr(0, arg.find('=')) == "--" + name; });
    std::string value;
    if (flag != args.end()) {
      const std::size_t sign = flag->find('=');
      if (sign != std::string::npos) value = " " + flag->substr(sign + 1);
      if (sign == std::string::npos && flag + 1 != args.end()) value = " " + flag[1];
    }
    if (!type.empty()) return fmt::format("--{}{}: must be {}", name, value, type);
  }
  if (dynamic_cast<const po::too_many_positional_options_error*>(&error) != nullptr) {
    return fmt::format("more words than it takes ({})",
                       positional.empty() ? "options alone" : join(positional, ", "));
  }
  return error.what();
}

}  // namespace

po::variables_map parse_arguments(const std::string& command, const std::vector<std::string>& args,
                                  po::options_description options,
                                  const std::vector<std::string>& positional, std::size_t required,
                                  bool repeat_last) {
  options.add_options()("help,h", "show this text");
  po::options_description everything = options;
  po::positional_options_description places;
  for (std::size_t i = 0; i < positional.size(); ++i) {
    const bool repeat = repeat_last && i + 1 == positional.size();
    if (repeat) {
      everything.add_options()(positional[i].c_str(), po::value<std::vector<std::string>>());
    } else {
      everything.add_options()(positional[i].c_str(), po::value<std::string>());
    }
    places.add(positional[i].c_str(), repeat ? -1 : 1);
  }
  std::ostringstream usage;
  usage << "usage: tightrope " << commands().at(command).usage << "\n  "
        << commands().at(command).summary << "\n"
        << options;
  const std::string hint = fmt::format("usage: tightrope {}\n  tightrope {} --help tells more",
                                       commands().at(command).usage, command);
  po::variables_map values;
  try {
    po::store(
        po::command_line_parser(args)
            .options(everything)
            .positional(places)
            .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
            .run(),
        values);
    if (values.count("help") > 0) throw HelpShown{usage.str()};
    po::notify(values);
  } catch (const po::error& error) {
    throw InputError(
        fmt::format("{}: {}\n{}", command, refusal(options, args, positional, error), hint));
  }
  for (std::size_t i = 0; i < required; ++i) {
    TR_REQUIRE(values.count(positional[i]) > 0, "{}: missing {}\n{}", command, positional[i], hint);
  }
  return values;
}

}  // namespace tightrope
