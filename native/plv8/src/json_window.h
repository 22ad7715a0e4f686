/*
 * A long JSON text, looked at through a window that moves forward over it. Each time that
 * the window moves, an interrupt is looked for.
 */
#ifndef AI_RUNTIME_PLV8_JSON_WINDOW_H_
#define AI_RUNTIME_PLV8_JSON_WINDOW_H_

#include <algorithm>

#include "interrupt.h"
#include "memory_limit.h"

namespace ai_runtime {

// Char is that of the text in V8: uint8_t (Latin-1) or uint16_t.
template <typename Char>
class JsonWindow {
 public:
  static constexpr size_t kChars = 32 * 1024;

  JsonWindow(v8::Isolate* isolate, v8::Local<v8::String> text)
      : isolate_(isolate),
        text_(text),
        length_(static_cast<size_t>(text->Length())),
        chars_(kChars + 2),
        closings_(kChars) {}

  // The character at the position; -1 behind the end, and once the script is to end.
  int CharAt(size_t at) {
    if (unlikely(at < start_ || at >= end_) && !MoveTo(at)) return -1;
    return chars_[at - start_ + 1];
  }

  // True when the script has been told to end.
  bool stopped() const { return stopped_; }

  // Looks for interrupts; true when the script is to end.
  bool Poll() {
    if (EndIfInterrupted(isolate_) || EndIfOutOfMemory(isolate_)) {
      stopped_ = true;
      start_ = end_ = length_ = 0;
    }
    return stopped_;
  }

  // The end of the container that begins at the position, outside any string; 0 when it
  // ends outside the window or not at all.
  size_t EndOfContainer(size_t at) {
    if (!EnsurePaired(at)) return 0;
    uint32 closing = closings_[at - start_];
    return closing == 0 ? 0 : start_ + closing;
  }

  // The end of the last element that ends in the window, of those of an array that begin
  // at the position; the position itself when none does.
  size_t EndOfElements(size_t at) {
    size_t end = at;
    if (!EnsurePaired(at)) return end;
    while (SkipSpace(&at) && SkipElement(&at) && SkipSpace(&at)) {
      Char c = chars_[at - start_ + 1];
      if (c != ',' && c != ']') break;
      end = at;
      if (c == ']') break;
      at++;
    }
    return end;
  }

  // The elements [from, to) of the window as the text of an array.
  v8::MaybeLocal<v8::String> Elements(size_t from, size_t to) {
    Char* before = &chars_[from - start_];
    Char* behind = &chars_[to - start_ + 1];
    Char kept[] = {*before, *behind};
    *before = '[';
    *behind = ']';
    v8::MaybeLocal<v8::String> text = Part(from - 1, to + 1);
    *before = kept[0];
    *behind = kept[1];
    return text;
  }

  // The part [from, to) of the window as a string.
  v8::MaybeLocal<v8::String> Part(size_t from, size_t to) {
    const Char* data = chars_.data() + (from - start_) + 1;
    int count = static_cast<int>(to - from);
    if constexpr (sizeof(Char) == 1)
      return v8::String::NewFromOneByte(isolate_, data, v8::NewStringType::kNormal, count);
    else
      return v8::String::NewFromTwoByte(isolate_, data, v8::NewStringType::kNormal, count);
  }

 private:
  bool MoveTo(size_t at) {
    if (at >= length_ || Poll()) return false;
    int count = static_cast<int>(Min(length_ - at, kChars));
    int from = static_cast<int>(at);
    if constexpr (sizeof(Char) == 1)
      text_->WriteOneByte(isolate_, chars_.data() + 1, from, count,
                          v8::String::NO_NULL_TERMINATION);
    else
      text_->Write(isolate_, chars_.data() + 1, from, count, v8::String::NO_NULL_TERMINATION);
    start_ = at;
    end_ = at + static_cast<size_t>(count);
    return true;
  }

  // These move the position within the window; false at its end.
  bool SkipSpace(size_t* at) {
    while (*at < end_ && *at >= start_) {
      Char c = chars_[*at - start_ + 1];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return true;
      ++*at;
    }
    return false;
  }

  bool SkipElement(size_t* at) {
    Char first = chars_[*at - start_ + 1];
    if (first == ',' || first == ']') return false;
    if (first == '[' || first == '{') {
      size_t end = EndOfContainer(*at);
      if (end != 0) *at = end;
      return end != 0;
    }
    for (++*at; *at < end_; ++*at) {
      Char c = chars_[*at - start_ + 1];
      if (first != '"' && (c == ',' || c == ']' || c <= ' ')) return true;
      if (first != '"') continue;
      if (c == '\\') {
        ++*at;
      } else if (c == '"') {
        ++*at;
        return true;
      }
    }
    return false;
  }

  // Has the brackets known that lie behind the position in the window.
  bool EnsurePaired(size_t at) {
    if (at >= start_ && at < paired_until_ && end_ == paired_until_) return true;
    if (!MoveTo(at)) return false;
    PairBrackets();
    return true;
  }

  // Pairs the brackets of the window, which begins outside any string.
  void PairBrackets() {
    uint32 count = static_cast<uint32>(end_ - start_);
    const Char* chars = chars_.data() + 1;
    bool in_string = false;
    unclosed_.clear();
    std::fill(closings_.begin(), closings_.end(), 0);
    paired_until_ = end_;
    for (uint32 i = 0; i < count; i++) {
      Char c = chars[i];
      if (in_string) {
        if (c == '\\') i++;
        if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '[' || c == '{') {
        unclosed_.push_back(i);
      } else if (c == ']' || c == '}') {
        /* Brackets that do not fit: who reads on will find the error. */
        if (unclosed_.empty() || chars[unclosed_.back()] != (c == ']' ? '[' : '{')) break;
        closings_[unclosed_.back()] = i + 1;
        unclosed_.pop_back();
      }
    }
  }

  v8::Isolate* isolate_;
  v8::Local<v8::String> text_;
  size_t length_;
  bool stopped_ = false;
  std::vector<Char> chars_;  // [start_, end_) of the text, with room for a bracket each side
  size_t start_ = 0;
  size_t end_ = 0;
  // For each opening bracket of the window, where it is known, one more than its partner's index.
  std::vector<uint32> closings_;
  std::vector<uint32> unclosed_;
  size_t paired_until_ = 0;
};

}  // namespace ai_runtime

#endif
