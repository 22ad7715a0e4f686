/*
 * connection.c
 *	  The backend's Unix socket: connect, send, receive, all without blocking.
 *
 * Every wait is on latch and socket together and checks for interrupts, so that
 * cancel, timeouts, a terminated backend, procsignal barriers and a lost client
 * are answered at once, whatever the server does (DESIGN 3.5).  An interrupt
 * leaves by longjmp: the client then closes the connection.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "clock.h"
#include "compat.h"
#include "connection.h"
#include "guc.h"
#include "shared_state.h"

#define INITIAL_BUFFER_BYTES (16 * 1024)
#define KEPT_BUFFER_BYTES (1024 * 1024) /* a larger one goes with its transaction */
#define SPIN_PAYS_US 25			/* a reply that takes longer is slept for */
#define SPIN_TRIALS 4			/* so many late replies in a row end the spinning */
#define MIN_SPIN_PAUSE 16		/* calls without a spin after that: doubled */
#define MAX_SPIN_PAUSE 256		/* each time, up to this */
#define CONNECT_NAP_MS 10		/* longest pause between two tries to connect */
#define END_NOTICE_MS 200		/* from a lost connection to the supervisor's notice */
#define FAILURE_BYTES 1280

typedef struct Connection
{
	int			fd;				/* -1: closed */
	WaitEventSet *events;
	int			socket_position;	/* in events */
	uint64		generation;		/* of the server it leads to */
	char	   *buffer;
	size_t		capacity;
	size_t		start;			/* of what was not returned as a frame yet */
	size_t		length;			/* bytes of the buffer that were received */
	int			spin_misses;	/* late replies in a row */
	int			spin_pause;		/* length of the last pause */
	int			spin_skip;		/* calls that still go without a spin */
	char		failure[FAILURE_BYTES];
} Connection;

static Connection connection = {.fd = -1};

bool
ai_connection_is_current(void)
{
	uint64		generation;

	if (connection.fd < 0)
		return false;
	return ai_shared_state_phase(&generation) == AI_SERVER_RUNNING &&
		generation == connection.generation;
}

void
ai_connection_close(void)
{
	if (connection.fd < 0)
		return;
	if (connection.events)
		FreeWaitEventSet(connection.events);
	connection.events = NULL;
	close(connection.fd);
	connection.fd = -1;
	ReleaseExternalFD();
}

void
ai_connection_trim(void)
{
	if (connection.capacity <= KEPT_BUFFER_BYTES || connection.start < connection.length)
		return;
	pfree(connection.buffer);
	connection.buffer = NULL;
	connection.capacity = connection.start = connection.length = 0;
}

const char *
ai_connection_failure(void)
{
	return connection.failure;
}

/*
 * Connects to a path of any length: what does not fit into an address goes
 * through a descriptor of its directory.  Returns as connect() does.
 */
static int
connect_to_path(int fd, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = strrchr(path, '/') + 1;
	char		directory[MAXPGPATH];
	int			directory_fd = -1;
	int			result;
	int			save_errno;

	if (strlen(path) < sizeof(address.sun_path))
		strlcpy(address.sun_path, path, sizeof(address.sun_path));
	else
	{
		strlcpy(directory, path, Min((size_t) (name - path), sizeof(directory)));
		directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory_fd < 0)
			return -1;
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
				 directory_fd, name);
	}
	result = connect(fd, (struct sockaddr *) &address, sizeof(address));
	save_errno = errno;
	if (directory_fd >= 0)
		close(directory_fd);
	errno = save_errno;
	return result;
}

/* Checks that the other side is the server that our supervisor started. */
static bool
check_peer(int fd, int server_pid)
{
	struct ucred peer;
	socklen_t	size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
	{
		snprintf(connection.failure, FAILURE_BYTES, "Its socket does not tell whose it is: %s.",
				 strerror(errno));
		return false;
	}
	if (peer.uid != geteuid() || peer.pid != server_pid)
	{
		snprintf(connection.failure, FAILURE_BYTES, "Its socket belongs to process %d of user "
				 "ID %d, not to the server that the supervisor started (process %d).",
				 (int) peer.pid, (int) peer.uid, server_pid);
		return false;
	}
	return true;
}

/* Makes the set that every later wait uses. */
static void
adopt_socket(int fd, uint64 generation)
{
	connection.fd = fd;
	connection.start = connection.length = 0;
	connection.generation = 0;	/* no server's, until all of this has worked */
	connection.events = ai_create_wait_event_set(3);
	AddWaitEventToSet(connection.events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(connection.events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	connection.socket_position =
		AddWaitEventToSet(connection.events, WL_SOCKET_READABLE, fd, NULL, NULL);
	connection.generation = generation;
}

/*
 * Tries to connect once.  The descriptor is taken over before anything can
 * raise an error, so it cannot leak.
 */
static bool
try_connect(void)
{
	AiServerState state;
	int			fd;

	ai_shared_state_read(&state);
	if (state.phase != AI_SERVER_RUNNING)
		return false;
	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("no file descriptor is left for the inference server"),
				 errhint("Raise max_files_per_process.")));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect_to_path(fd, state.socket_path) == 0 && check_peer(fd, state.pid))
	{
		adopt_socket(fd, state.generation);
		return true;
	}
	/* EAGAIN: the server has more connections waiting than it accepts in time. */
	if (fd < 0 || connection.failure[0] == '\0')
		snprintf(connection.failure, FAILURE_BYTES, "Its socket \"%.900s\": %s.",
				 state.socket_path,
				 errno == EAGAIN ? "too many connections are waiting" : strerror(errno));
	if (fd >= 0)
		close(fd);
	ReleaseExternalFD();
	return false;
}

bool
ai_connection_open(uint64 deadline_us)
{
	ai_connection_close();
	for (;;)
	{
		long		nap_ms;

		connection.failure[0] = '\0';
		if (ai_shared_state_wait(deadline_us, false) != AI_SERVER_RUNNING)
			return false;
		if (try_connect())
			return true;
		nap_ms = 1 + (long) (pg_prng_double(&pg_global_prng_state) * CONNECT_NAP_MS);
		nap_ms = Min(nap_ms, ai_deadline_left_ms(deadline_us));
		if (nap_ms == 0)
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, nap_ms,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

void
ai_connection_wait_for_end(uint64 deadline_us)
{
	ai_shared_state_wait_for_end(connection.generation,
								 Min(deadline_us, ai_deadline_in(END_NOTICE_MS)));
}

AiIoResult
ai_connection_wait(bool to_send, bool to_receive, uint64 deadline_us)
{
	int			events = (to_send ? WL_SOCKET_WRITEABLE : 0) |
		(to_receive ? WL_SOCKET_READABLE : 0);

	ModifyWaitEvent(connection.events, connection.socket_position, events, NULL);
	for (;;)
	{
		WaitEvent	event;
		long		left_ms = ai_deadline_left_ms(deadline_us);

		CHECK_FOR_INTERRUPTS();
		if (left_ms == 0)
			return AI_IO_TIMEOUT;
		if (WaitEventSetWait(connection.events, left_ms, &event, 1, PG_WAIT_EXTENSION) == 0)
			continue;
		if (event.events & WL_LATCH_SET)
			ResetLatch(MyLatch);
		else if (event.events & events)
			return AI_IO_OK;
	}
}

AiIoResult
ai_connection_send(const char *bytes, size_t count, size_t *sent)
{
	*sent = 0;
	for (;;)
	{
		ssize_t		written = send(connection.fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (written > 0)
		{
			*sent = (size_t) written;
			return AI_IO_OK;
		}
		if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return AI_IO_TIMEOUT;
		if (written < 0 && errno == EINTR)
		{
			CHECK_FOR_INTERRUPTS();
			continue;
		}
		ai_connection_close();
		return AI_IO_LOST;
	}
}

/* Moves what was not returned to the beginning, with room for a frame of so many bytes. */
static void
reserve_buffer(size_t bytes)
{
	size_t		unread = connection.length - connection.start;
	char	   *larger;

	bytes = Max(bytes, INITIAL_BUFFER_BYTES);
	if (bytes <= connection.capacity)
	{
		if (unread > 0 && connection.start > 0)
			memmove(connection.buffer, connection.buffer + connection.start, unread);
	}
	else
	{
		larger = MemoryContextAllocHuge(TopMemoryContext, bytes);
		if (unread > 0)
			memcpy(larger, connection.buffer + connection.start, unread);
		if (connection.buffer)
			pfree(connection.buffer);
		connection.buffer = larger;
		connection.capacity = bytes;
	}
	connection.start = 0;
	connection.length = unread;
}

/* Returns the bytes of the frame whose header has come; else those of a header. */
static size_t
next_frame_bytes(void)
{
	AiFrameHeader header;

	if (connection.length - connection.start < sizeof(header))
		return sizeof(header);
	memcpy(&header, connection.buffer + connection.start, sizeof(header));
	/* A length over the limit is refused by ai_connection_next_frame(). */
	return sizeof(header) + Min(header.payload_bytes, AI_MAX_FRAME_BYTES);
}

AiIoResult
ai_connection_receive(void)
{
	if (connection.start > 0 || connection.length == connection.capacity ||
		next_frame_bytes() > connection.capacity)
		reserve_buffer(next_frame_bytes());
	for (;;)
	{
		ssize_t		count = recv(connection.fd, connection.buffer + connection.length,
								 connection.capacity - connection.length, MSG_DONTWAIT);

		if (count > 0)
		{
			connection.length += (size_t) count;
			return AI_IO_OK;
		}
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return AI_IO_TIMEOUT;
		if (count < 0 && errno == EINTR)
			continue;
		ai_connection_close();
		return AI_IO_LOST;
	}
}

/* Learns from a spin whether the next one is likely to pay. */
static void
judge_spin(uint64 took_us)
{
	if (took_us <= SPIN_PAYS_US)
	{
		connection.spin_misses = 0;
		connection.spin_pause = 0;
	}
	else if (++connection.spin_misses >= SPIN_TRIALS)
	{
		connection.spin_misses = 0;
		connection.spin_pause = Min(Max(connection.spin_pause * 2, MIN_SPIN_PAUSE),
									MAX_SPIN_PAUSE);
		connection.spin_skip = connection.spin_pause;
	}
}

/*
 * Polls for a short reply before the backend goes to sleep: waking up costs
 * about 20 us each way, more than many predictions.  That pays while calls
 * follow each other closely, as in a query over many rows: the server is then
 * awake.  Where it sleeps between calls, is slow, or has no core of its own, the
 * polling stops and is tried again now and then, at less than 1 us a call.
 */
static AiIoResult
spin_for_bytes(void)
{
	uint64		start_us;
	uint64		now_us;
	AiIoResult	result;

	if (ai_guc_spin_us == 0)
		return AI_IO_TIMEOUT;
	if (connection.spin_skip > 0)
	{
		connection.spin_skip--;
		return AI_IO_TIMEOUT;
	}
	start_us = ai_clock_us();
	do
	{
		/* Lets the server run if it waits for this very core. */
		sched_yield();
		result = ai_connection_receive();
		now_us = ai_clock_us();
	} while (result == AI_IO_TIMEOUT && !InterruptPending &&
			 now_us - start_us < (uint64) ai_guc_spin_us);
	judge_spin(now_us - start_us);
	return result;
}

AiIoResult
ai_connection_receive_some(uint64 deadline_us)
{
	AiIoResult	result = ai_connection_receive();

	if (result == AI_IO_TIMEOUT && connection.length == 0)
		result = spin_for_bytes();
	while (result == AI_IO_TIMEOUT)
	{
		if (ai_connection_wait(false, true, deadline_us) == AI_IO_TIMEOUT)
			return AI_IO_TIMEOUT;
		result = ai_connection_receive();
	}
	return result;
}

AiIoResult
ai_connection_next_frame(AiFrameHeader *header, const char **payload, const char **reason)
{
	size_t		unread = connection.length - connection.start;

	*reason = NULL;
	if (unread < sizeof(AiFrameHeader))
		return AI_IO_TIMEOUT;
	memcpy(header, connection.buffer + connection.start, sizeof(AiFrameHeader));
	if (header->magic != AI_PROTOCOL_MAGIC)
		*reason = "It does not start with the magic number.";
	else if (header->version != AI_PROTOCOL_VERSION)
		*reason = "It has another protocol version.";
	else if (header->payload_bytes > AI_MAX_FRAME_BYTES)
		*reason = "Its length is over the limit.";
	if (*reason)
		return AI_IO_INVALID;
	if (unread < sizeof(AiFrameHeader) + header->payload_bytes)
		return AI_IO_TIMEOUT;
	/* Behind a frame of odd length: to the beginning, where it is aligned. */
	if (connection.start % 8 != 0)
		reserve_buffer(unread);
	*payload = connection.buffer + connection.start + sizeof(AiFrameHeader);
	connection.start += sizeof(AiFrameHeader) + header->payload_bytes;
	return AI_IO_OK;
}

void
ai_connection_unread_frame(const AiFrameHeader *header)
{
	connection.start -= sizeof(AiFrameHeader) + header->payload_bytes;
}

bool
ai_connection_has_unread(void)
{
	return connection.fd >= 0 && connection.start < connection.length;
}
