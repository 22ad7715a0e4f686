/*
 * Source maps, see source_map.h. The JSON is read without V8, whose heap may be what the
 * error is about.
 */
#include "source_map.h"

#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace ai_runtime {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxSources = 100000;

// Reads a JSON text from its beginning; after a mistake nothing is read any more.
class JsonReader {
 public:
  explicit JsonReader(const std::string& text)
      : at_(text.data()), end_(text.data() + text.size()) {}

  bool ok() const { return ok_; }

  // Takes the character if it is next.
  bool Take(char c) {
    Blanks();
    if (!ok_ || at_ == end_ || *at_ != c) return false;
    at_++;
    return true;
  }
  void Expect(char c) { ok_ = Take(c) && ok_; }

  std::string String() {
    std::string text;
    Expect('"');
    while (ok_ && at_ < end_ && *at_ != '"') {
      if (*at_ == '\\')
        text += Escape();
      else
        text += *at_++;
    }
    Expect('"');
    return text;
  }

  // A string, or nothing for null.
  std::string StringOrNull() {
    Blanks();
    if (at_ < end_ && *at_ == 'n') {
      Skip();
      return "";
    }
    return String();
  }

  long Integer() {
    char* end = nullptr;
    Blanks();
    std::string digits(at_, end_ - at_ < 20 ? end_ : at_ + 20);
    long number = strtol(digits.c_str(), &end, 10);
    ok_ = ok_ && end != digits.c_str();
    at_ += end - digits.c_str();
    return number;
  }

  // Calls element() before each element of an array.
  template <typename Element>
  void Array(Element&& element) {
    Expect('[');
    if (Take(']')) return;
    do {
      element();
    } while (ok_ && Take(','));
    Expect(']');
  }

  // Calls member(name) before each value of an object.
  template <typename Member>
  void Object(Member&& member) {
    Expect('{');
    if (Take('}')) return;
    do {
      std::string name = String();
      Expect(':');
      if (ok_) member(name);
    } while (ok_ && Take(','));
    Expect('}');
  }

  // Passes over any value.
  void Skip() {
    Blanks();
    if (++depth_ > kMaxDepth || at_ == end_) ok_ = false;
    if (!ok_) return;
    if (*at_ == '"')
      String();
    else if (*at_ == '[')
      Array([&] { Skip(); });
    else if (*at_ == '{')
      Object([&](const std::string&) { Skip(); });
    else
      while (at_ < end_ && strchr(",]} \t\r\n", *at_) == nullptr) at_++;
    depth_--;
  }

 private:
  void Blanks() {
    while (at_ < end_ && strchr(" \t\r\n", *at_) != nullptr) at_++;
  }

  // One character for an escape; what is not ASCII need not be told apart.
  char Escape() {
    static const char kLetters[] = "b\bf\fn\nr\rt\t";
    if (end_ - at_ < 2) {
      ok_ = false;
      return '?';
    }
    char letter = at_[1];
    at_ += 2;
    if (letter == 'u') {
      ok_ = end_ - at_ >= 4;
      long code = ok_ ? strtol(std::string(at_, 4).c_str(), nullptr, 16) : 0;
      at_ += ok_ ? 4 : 0;
      return code > 0 && code < 128 ? static_cast<char>(code) : '?';
    }
    const char* found = strchr(kLetters, letter);
    return found != nullptr && *found != '\0' && (found - kLetters) % 2 == 0 ? found[1] : letter;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
  int depth_ = 0;
};

// What may stand in a message in any encoding.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

int Base64Digit(char c) {
  static const char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char* found = c == '\0' ? nullptr : strchr(kDigits, c);
  return found == nullptr ? -1 : static_cast<int>(found - kDigits);
}

// The next number of a segment, added to *sum; false when there is none or it is wrong.
bool AddNumber(const char** at, const char* end, int64_t* sum) {
  uint64_t bits = 0;
  for (int shift = 0; *at < end && shift <= 30; shift += 5) {
    int digit = Base64Digit(**at);
    if (digit < 0) return false;
    (*at)++;
    bits |= static_cast<uint64_t>(digit & 31) << shift;
    if (digit & 32) continue;
    int64_t magnitude = static_cast<int64_t>(bits >> 1);
    *sum += bits & 1 ? -magnitude : magnitude;
    return *sum >= 0 && *sum < INT_MAX;
  }
  return false;
}

// The running numbers of a mapping: column, source, line and column in it, name.
struct Segment {
  int64_t numbers[5] = {0, 0, 0, 0, 0};
  int count = 0;

  bool Read(const char** at, const char* end) {
    count = 0;
    while (*at < end && **at != ',' && **at != ';') {
      if (count == 5 || !AddNumber(at, end, &numbers[count])) return false;
      count++;
    }
    return count == 1 || count == 4 || count == 5;
  }
};

}  // namespace

std::unique_ptr<SourceMap> SourceMap::Parse(const std::string& json) {
  auto map = std::make_unique<SourceMap>();
  std::string root;
  std::vector<long> ignored;
  JsonReader reader(json);
  long version = 0;
  reader.Object([&](const std::string& name) {
    if (name == "version") {
      version = reader.Integer();
    } else if (name == "mappings") {
      map->mappings_ = reader.String();
    } else if (name == "sourceRoot") {
      root = reader.StringOrNull();
    } else if (name == "sources") {
      reader.Array([&] {
        if (map->sources_.size() < kMaxSources)
          map->sources_.push_back(Printable(reader.StringOrNull()));
        else
          reader.Expect(']');
      });
    } else if (name == "ignoreList" || name == "x_google_ignoreList") {
      reader.Array([&] { ignored.push_back(reader.Integer()); });
    } else {
      reader.Skip();
    }
  });
  if (!reader.ok() || version != 3) return nullptr;
  if (!root.empty() && root.back() != '/') root += '/';
  for (std::string& source : map->sources_) source = Printable(root) + source;
  map->ignored_.resize(map->sources_.size());
  for (long i : ignored) {
    if (i >= 0 && static_cast<size_t>(i) < map->ignored_.size())
      map->ignored_[static_cast<size_t>(i)] = true;
  }
  return map;
}

bool SourceMap::Find(int line, int column, SourcePosition* position) const {
  const char* at = mappings_.data();
  const char* end = at + mappings_.size();
  Segment segment, nearest;
  for (int at_line = 0; at < end && at_line <= line;) {
    if (*at == ';') {
      at_line++;
      segment.numbers[0] = 0;
      at++;
    } else if (*at == ',') {
      at++;
    } else {
      if (!segment.Read(&at, end)) return false;
      if (at_line < line) continue;
      if (segment.numbers[0] > column) break;
      nearest = segment;
    }
  }
  if (nearest.count < 4) return false;
  size_t source = static_cast<size_t>(nearest.numbers[1]);
  if (source >= sources_.size() || sources_[source].empty()) return false;
  *position = {sources_[source].c_str(), static_cast<int>(nearest.numbers[2]),
               static_cast<int>(nearest.numbers[3]), ignored_[source]};
  return true;
}

bool DecodeBase64(const char* text, size_t length, std::string* bytes) {
  uint32_t bits = 0;
  int count = 0;
  while (length > 0 && text[length - 1] == '=') length--;
  bytes->reserve(length / 4 * 3 + 3);
  for (size_t i = 0; i < length; i++) {
    int digit = Base64Digit(text[i]);
    if (digit < 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    *bytes += static_cast<char>(bits >> count & 0xff);
  }
  return true;
}

}  // namespace ai_runtime
