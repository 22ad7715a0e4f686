// One turn: take events, take the workers' replies, run what is short, settle each connection
// touched.
#include "io_thread.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ai_runtime {
namespace {

constexpr uint64_t kListenerToken = 0;
constexpr size_t kEventsPerTurn = 64;
// The longest sleep: the tick that the heartbeat looks at moves at least this often.
constexpr int kMaxSleepMs = 250;

// True when a client has so much under way that it is not read for now.
bool HasEnough(const Connection& connection) {
  if (connection.requests.size() >= kMaxRequestsPerConnection) return true;
  if (connection.unsent_bytes() >= kMaxUnsentBytesPerConnection) return true;
  uint64_t bytes = 0;
  for (const RequestPtr& request : connection.requests) bytes += request->payload.size();
  return bytes >= kMaxRequestBytesPerConnection;
}

}  // namespace

IoThread::IoThread(const ServerOptions& options, RequestHandler* handler, ServerMetrics* metrics,
                   Log* log)
    : options_(options),
      handler_(handler),
      metrics_(metrics),
      log_(log),
      completions_([this] { loop_.Wake(); }),
      spin_(std::thread::hardware_concurrency() > 1 ? options.max_spin_us : 0) {}

IoThread::~IoThread() { Stop(); }

Status IoThread::Start() {
  RETURN_IF_ERROR(loop_.Open());
  RETURN_IF_ERROR(listener_.Open(options_.socket_path));
  RETURN_IF_ERROR(loop_.Add(listener_.fd(), kListenerToken, {true, false}));
  thread_ = std::thread([this] { Run(); });
  return Status::Ok();
}

void IoThread::StopAccepting() {
  draining_ = true;
  loop_.Wake();
}

void IoThread::Stop() {
  stopping_ = true;
  if (!thread_.joinable()) return;
  loop_.Wake();
  thread_.join();
}

void IoThread::Run() {
  thread_id_ = std::this_thread::get_id();
  while (!stopping_) {
    const Clock::time_point now = Clock::now();
    const bool polls = spin_.ShouldPoll(now);
    const bool active = HandleEvents(polls ? 0 : kMaxSleepMs);
    if (active) {
      spin_.OnEvent(Clock::now());
    } else if (polls) {
      sched_yield();  // the client may be waiting for this very core
    }
    metrics_->io_tick.fetch_add(1, std::memory_order_relaxed);
  }
  (void)HandleEvents(0);  // the replies that were ready when the end came
  while (!connections_.empty()) Close(connections_.begin()->second.get());
}

// True when there was anything to do.
bool IoThread::HandleEvents(int timeout_ms) {
  Event events[kEventsPerTurn];
  const size_t count = loop_.Wait(timeout_ms, events, kEventsPerTurn);
  for (size_t i = 0; i < count; ++i) {
    if (events[i].token == kListenerToken) {
      AcceptAll();
      continue;
    }
    Connection* connection = Find(events[i].token);
    if (connection == nullptr) continue;
    if (events[i].writable && connection->Flush() == Connection::Io::kClosed) {
      connection->dead = true;
    }
    if (events[i].hung_up && connection->paused) {
      connection->dead = true;
    } else if (events[i].readable || events[i].hung_up) {
      ReadFrom(connection);
    }
    Settle(connection);
  }
  std::vector<Completion> completions = completions_.TakeAll();
  for (Completion& completion : completions) {
    Deliver(completion.request, std::move(completion.frame));
  }
  SettleTouched();
  // A connection that is settled may be read again, which may bring more.
  while (handler_->EndTurn()) SettleTouched();
  if (accepting_ && draining_) {
    accepting_ = false;
    loop_.Remove(listener_.fd());
  }
  return count > 0 || !completions.empty();
}

void IoThread::AcceptAll() {
  while (accepting_ && !draining_) {
    int fd;
    switch (listener_.Accept(&fd)) {
      case Listener::Accepted::kNone:
        return;
      case Listener::Accepted::kRefused:
        log_->Write(LogLevel::kWarning, "refused a connection of another user");
        continue;
      case Listener::Accepted::kNoDescriptors:
        // Level-triggered: it would come back at once. A short sleep lets others close theirs.
        log_->Write(LogLevel::kWarning, "out of file descriptors");
        usleep(10 * 1000);
        return;
      case Listener::Accepted::kConnection:
        break;
    }
    const uint64_t id = next_id_++;
    auto connection = std::make_unique<Connection>(fd, id);
    connection->interest = {true, false};
    Status status = loop_.Add(fd, id, connection->interest);
    if (!status.ok()) {
      log_->Write(LogLevel::kWarning, status.ToString());
      continue;
    }
    Connection* added = connection.get();
    connections_.emplace(id, std::move(connection));
    metrics_->connections = connections_.size();
    if (connections_.size() > options_.max_connections) {
      added->closing = true;
      const Status full(AI_STATUS_UNAVAILABLE, "inference server has too many connections",
                        "At most " + std::to_string(options_.max_connections) + " are allowed.");
      added->dead = added->Send(EncodeError(0, full)) == Connection::Io::kClosed;
      Settle(added);
    }
  }
}

void IoThread::ReadFrom(Connection* connection) {
  switch (connection->Read(this)) {
    case Connection::Io::kOk:
      return;
    case Connection::Io::kClosed:
      connection->dead = true;
      return;
    case Connection::Io::kMalformed:
      connection->closing = true;
      if (connection->Send(EncodeError(connection->malformed_request_id(),
                                       connection->malformed())) == Connection::Io::kClosed) {
        connection->dead = true;
      }
      return;
  }
}

bool IoThread::OnFrame(Connection* connection, const AiFrameHeader& header, Buffer payload) {
  Buffer reply;
  if (draining_) {
    reply = EncodeError(header.request_id,
                        Status(AI_STATUS_UNAVAILABLE, "inference server is shutting down"));
  } else {
    reply = handler_->Handle(connection, header, std::move(payload));
  }
  if (reply.size() > 0 && connection->Send(std::move(reply)) == Connection::Io::kClosed) {
    connection->dead = true;
  }
  connection->paused = HasEnough(*connection);
  return !connection->paused && !connection->dead;
}

void IoThread::Reply(const RequestPtr& request, Buffer frame) {
  if (std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed)) {
    Deliver(request, std::move(frame));
  } else {
    completions_.Push({request, std::move(frame)});
  }
}

void IoThread::Deliver(const RequestPtr& request, Buffer frame) {
  Connection* connection = Find(request->connection_id);
  if (connection == nullptr) return;
  auto& requests = connection->requests;
  requests.erase(std::remove(requests.begin(), requests.end(), request), requests.end());
  if (connection->Send(std::move(frame)) == Connection::Io::kClosed) connection->dead = true;
  touched_.push_back(connection->id());
}

void IoThread::SettleTouched() {
  while (!touched_.empty()) {
    Connection* connection = Find(touched_.back());
    touched_.pop_back();
    if (connection != nullptr) Settle(connection);
  }
}

void IoThread::Settle(Connection* connection) {
  if (connection->dead || (connection->closing && connection->unsent_bytes() == 0)) {
    Close(connection);
    return;
  }
  const bool was_paused = connection->paused;
  connection->paused = HasEnough(*connection);
  if (was_paused && !connection->paused && !connection->closing) {
    ReadFrom(connection);  // frames may lie in its buffer, of which epoll knows nothing
    Settle(connection);
    return;
  }
  const Interest interest = {!connection->paused && !connection->closing,
                             connection->unsent_bytes() > 0};
  if (interest.read == connection->interest.read && interest.write == connection->interest.write) {
    return;
  }
  connection->interest = interest;
  Status status = loop_.Change(connection->fd(), connection->id(), interest);
  if (!status.ok()) Close(connection);
}

void IoThread::Close(Connection* connection) {
  const auto requests = std::move(connection->requests);
  connection->requests.clear();
  loop_.Remove(connection->fd());
  connections_.erase(connection->id());
  metrics_->connections = connections_.size();
  for (const RequestPtr& request : requests) handler_->Stop(request, AI_STATUS_CANCELLED);
}

Connection* IoThread::Find(uint64_t id) {
  auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

}  // namespace ai_runtime
