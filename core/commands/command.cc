// SPDX-License-Identifier: Apache-2.0
#include "core/commands/command.h"

#include <sstream>

#include "core/base/check.h"

namespace tightrope {

std::map<std::string, Command>& commands() {
  static std::map<std::string, Command> all;
  return all;
}

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
    throw InputError(std::string(error.what()) + "\n" + usage.str());
  }
  for (std::size_t i = 0; i < required; ++i) {
    TR_REQUIRE(values.count(positional[i]) > 0, "missing {}\n{}", positional[i], usage.str());
  }
  return values;
}

}  // namespace tightrope
