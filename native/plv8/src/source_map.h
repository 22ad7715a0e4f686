/*
 * A source map (version 3): where a place in a generated script comes from. Read only
 * when an error is told, by code that raises nothing: a map that is not understood is
 * as good as none.
 */
#ifndef AI_RUNTIME_PLV8_SOURCE_MAP_H_
#define AI_RUNTIME_PLV8_SOURCE_MAP_H_

#include <memory>
#include <string>
#include <vector>

namespace ai_runtime {

constexpr size_t kMaxSourceMapBytes = 16UL * 1024 * 1024;

// Lines and columns count from 0.
struct SourcePosition {
  const char* source;  // the map's
  int line;
  int column;
  bool ignored;  // the map says that the source is of no interest to its readers
};

class SourceMap {
 public:
  // The map in this JSON text, or nullptr.
  static std::unique_ptr<SourceMap> Parse(const std::string& json);

  // The place that the nearest mapping at or ahead of the column, in the same line, names.
  bool Find(int line, int column, SourcePosition* position) const;

 private:
  std::vector<std::string> sources_;  // printable ASCII
  std::vector<bool> ignored_;
  std::string mappings_;
};

// The bytes of base64 text; false when it is none.
bool DecodeBase64(const char* text, size_t length, std::string* bytes);

}  // namespace ai_runtime

#endif
