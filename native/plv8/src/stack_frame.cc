/*
 * Frames of a JavaScript stack, see stack_frame.h. Works on the text that V8 makes of a
 * stack: what V8 could tell beyond it would cost at every throw.
 */
#include "stack_frame.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot.h"
#include "source_map.h"

namespace ai_runtime {
namespace {

constexpr char kMapComment[] = "//# sourceMappingURL=";
constexpr char kInlineMap[] = "data:application/json;";
constexpr char kBase64[] = "base64,";
constexpr char kMapEnding[] = ".map";
constexpr char kScriptEnding[] = ".js";
constexpr char kStubEnding[] = "#stub";
constexpr char kFolder[] = "plv8";
// What a session keeps of maps; beyond it frames are told as V8 tells them.
constexpr size_t kMaxMaps = 64;
constexpr size_t kMaxInlineBytes = 1024 * 1024;

// By the name of their script: the text of those that a body holds, and what became of
// all that some error asked for.
std::unordered_map<std::string, std::string> inline_maps;
std::unordered_map<std::string, std::unique_ptr<SourceMap>> maps;

bool EndsWith(const std::string& text, const char* ending) {
  size_t length = strlen(ending);
  return text.size() > length && text.compare(text.size() - length, length, ending) == 0;
}

// A plain name, so that it leads out of no folder.
bool IsFileName(const std::string& name) {
  static const char kCharacters[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return name.size() < 200 && name[0] != '.' &&
         name.find_first_not_of(kCharacters) == std::string::npos;
}

// What the body's last line says of a map; empty when it says nothing.
std::string MapUrl(const char* body) {
  size_t end = strlen(body);
  while (end > 0 && strchr(" \t\r\n", body[end - 1]) != nullptr) end--;
  size_t start = end;
  while (start > 0 && body[start - 1] != '\n') start--;
  size_t prefix = strlen(kMapComment);
  if (end - start <= prefix || strncmp(body + start, kMapComment, prefix) != 0) return "";
  return std::string(body + start + prefix, end - start - prefix);
}

// Keeps an inline map; false when there is none in the URL, or no room.
bool KeepInlineMap(const std::string& url, const std::string& script) {
  if (url.compare(0, strlen(kInlineMap), kInlineMap) != 0) return false;
  size_t start = url.find(kBase64);
  if (start == std::string::npos || url.size() > kMaxInlineBytes) return false;
  if (inline_maps.size() >= kMaxMaps && inline_maps.count(script) == 0) return false;
  inline_maps[script] = url.substr(start + strlen(kBase64));
  maps.erase(script);
  return true;
}

bool ReadMapFile(const std::string& script, std::string* json) {
  char folder[MAXPGPATH];
  get_share_path(my_exec_path, folder);
  std::string path = std::string(folder) + "/" + kFolder + "/" + script + kMapEnding;
  struct stat status;
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return false;
  bool done = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
              static_cast<size_t>(status.st_size) <= kMaxSourceMapBytes;
  char buffer[8192];
  while (done && json->size() <= kMaxSourceMapBytes) {
    ssize_t got = read(descriptor, buffer, sizeof(buffer));
    if (got == 0) break;
    done = got > 0 || errno == EINTR;
    if (got > 0) json->append(buffer, static_cast<size_t>(got));
  }
  close(descriptor);
  return done;
}

std::unique_ptr<SourceMap> LoadMap(const std::string& script) {
  std::string json;
  auto kept = inline_maps.find(script);
  if (kept != inline_maps.end()) {
    if (!DecodeBase64(kept->second.data(), kept->second.size(), &json)) return nullptr;
  } else if (!EndsWith(script, kScriptEnding) || !IsFileName(script) ||
             !ReadMapFile(script, &json)) {
    return nullptr;
  }
  return SourceMap::Parse(json);
}

// The map of the script, or nullptr. Absence is remembered as well.
const SourceMap* MapOf(const std::string& script) {
  auto found = maps.find(script);
  if (found != maps.end()) return found->second.get();
  std::unique_ptr<SourceMap> map = LoadMap(script);
  if (map == nullptr && inline_maps.count(script) == 0 && !EndsWith(script, kScriptEnding))
    return nullptr;
  if (maps.size() >= kMaxMaps) maps.clear();
  return (maps[script] = std::move(map)).get();
}

// "script:12:34" in its parts, counted from 1; false for another text.
bool ParsePlace(const std::string& place, std::string* script, int* line, int* column) {
  size_t second = place.rfind(':');
  if (second == std::string::npos || second == 0) return false;
  size_t first = place.rfind(':', second - 1);
  if (first == std::string::npos || first == 0) return false;
  *line = atoi(place.c_str() + first + 1);
  *column = atoi(place.c_str() + second + 1);
  script->assign(place, 0, first);
  return *line > 0 && *column > 0;
}

}  // namespace

std::string ScriptName(const std::string& function, Oid oid, const char* body) {
  std::string url = MapUrl(body);
  std::string own = function + "#" + std::to_string(oid);
  if (EndsWith(url, kMapEnding) && IsFileName(url))
    return url.substr(0, url.size() - strlen(kMapEnding));
  if (!url.empty() && KeepInlineMap(url, own)) return own;
  return NamesBundle(body) ? function + kStubEnding : function;
}

bool DescribeFrame(const char* line, size_t length, char (&text)[kMaxFrameBytes]) {
  std::string frame(line, length), script;
  int at_line = 0, at_column = 0;
  bool shown = true;
  size_t open = frame.back() == ')' ? frame.rfind('(') : std::string::npos;
  size_t start = open != std::string::npos ? open + 1 : strlen("at ");
  size_t end = open != std::string::npos ? frame.size() - 1 : frame.size();
  if (start < end && ParsePlace(frame.substr(start, end - start), &script, &at_line, &at_column)) {
    SourcePosition position;
    const SourceMap* map = MapOf(script);
    if (map != nullptr && map->Find(at_line - 1, at_column - 1, &position)) {
      std::string place = std::string(position.source) + ":" +
                          std::to_string(position.line + 1) + ":" +
                          std::to_string(position.column + 1);
      frame.replace(start, end - start, place);
      shown = !position.ignored;
    } else if (EndsWith(script, kStubEnding)) {
      shown = false;
      script.resize(script.size() - strlen(kStubEnding));
      frame.replace(start, script.size() + strlen(kStubEnding), script);
    } else if (inline_maps.count(script) != 0) {
      frame.erase(start + script.rfind('#'), script.size() - script.rfind('#'));
    }
  }
  int kept = pg_mbcliplen(frame.c_str(), static_cast<int>(frame.size()), kMaxFrameBytes - 1);
  memcpy(text, frame.c_str(), static_cast<size_t>(kept));
  text[kept] = '\0';
  return shown;
}

}  // namespace ai_runtime
