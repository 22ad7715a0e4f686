// Lines for the log, kept until the Node side takes them once a second.
//
// Any thread may write; the oldest lines are dropped above the bound, and counted.
#ifndef AI_RUNTIME_SERVER_LOG_H_
#define AI_RUNTIME_SERVER_LOG_H_

#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace ai_runtime {

enum class LogLevel {
  kDebug,
  kInfo,
  kWarning,
  kError
};

struct LogLine {
  LogLevel level;
  std::string text;
};

class Log {
 public:
  static constexpr size_t kMaxLines = 256;

  void Write(LogLevel level, std::string text) {
    std::lock_guard<std::mutex> lock(mu_);
    if (lines_.size() == kMaxLines) {
      lines_.pop_front();
      ++dropped_;
    }
    lines_.push_back({level, std::move(text)});
  }

  // All lines since the last call, oldest first.
  std::vector<LogLine> Take() {
    std::lock_guard<std::mutex> lock(mu_);
    std::vector<LogLine> taken(lines_.begin(), lines_.end());
    if (dropped_ > 0) {
      taken.push_back({LogLevel::kWarning, std::to_string(dropped_) + " log lines were dropped"});
    }
    lines_.clear();
    dropped_ = 0;
    return taken;
  }

 private:
  std::mutex mu_;
  std::deque<LogLine> lines_;
  size_t dropped_ = 0;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_LOG_H_
