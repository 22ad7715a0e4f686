/*
 * server_output.c
 *	  Reads the server's pipe line by line, without ever waiting for it.
 *
 * Called by the supervisor when the pipe is readable.  Three kinds of line are
 * known: "ready ...", "heartbeat ..." and "log <level> <text>".  Whatever else a
 * process may print (Node's own warnings, an abort message) goes to the log as a
 * warning.  Memory is one buffer; each call reads a bounded amount.
 */
#include "postgres.h"

#include <unistd.h>

#include "server_output.h"

/* So much is read at most before the supervisor looks at its other duties. */
#define MAX_BYTES_PER_CALL (64 * 1024)

/* Returns the text after "key=" in a line of key=value words, or NULL. */
static const char *
find_value(const char *words, const char *key)
{
	size_t		length = strlen(key);

	for (const char *word = words; word; word = strchr(word, ' '))
	{
		word += strspn(word, " ");
		if (strncmp(word, key, length) == 0 && word[length] == '=')
			return word + length + 1;
	}
	return NULL;
}

/* Reads a number that is not negative; 0 if it is missing or is none. */
static int64
read_number(const char *words, const char *key)
{
	const char *value = find_value(words, key);
	int64		number = value ? strtoll(value, NULL, 10) : 0;

	return Max(number, 0);
}

/* Copies a word of printable ASCII; anything else ends it. */
static void
read_word(const char *words, const char *key, char *copy, size_t size)
{
	const char *value = find_value(words, key);
	size_t		length = 0;

	if (value)
		while (length < size - 1 && value[length] > ' ' && value[length] < 0x7f)
			length++;
	if (length > 0)
		memcpy(copy, value, length);
	copy[length] = '\0';
}

/* Logs a "log <level> <text>" line; tells whether it reports an error. */
static bool
log_text(const char *words, const char **text)
{
	static const struct
	{
		const char *name;
		int			elevel;
	}			levels[] = {
		{"debug ", DEBUG1}, {"info ", LOG}, {"warning ", WARNING}, {"error ", LOG}
	};

	for (int i = 0; i < (int) lengthof(levels); i++)
	{
		size_t		length = strlen(levels[i].name);

		if (strncmp(words, levels[i].name, length) != 0)
			continue;
		*text = words + length;
		/* An ERROR would end the supervisor; LOG is never filtered out. */
		ereport(levels[i].elevel, (errmsg("inference server: %s", *text), errhidestmt(true)));
		return i == (int) lengthof(levels) - 1;
	}
	*text = words;
	ereport(WARNING, (errmsg("inference server: %s", words)));
	return false;
}

/* Understands one line, which has no line break any more. */
static void
parse_line(char *text, AiServerLine *line)
{
	memset(line, 0, sizeof(*line));
	for (char *p = text; *p; p++)
	{
		if ((unsigned char) *p < 0x20 || *p == 0x7f)
			*p = ' ';
	}
	if (strncmp(text, "heartbeat ", 10) == 0)
	{
		line->kind = AI_LINE_HEARTBEAT;
		line->figures.rss_bytes = read_number(text, "rss_bytes");
		line->figures.sessions = read_number(text, "sessions");
		line->figures.session_bytes = read_number(text, "session_bytes");
		line->figures.connections = read_number(text, "connections");
		line->figures.inference_count = read_number(text, "inference_count");
		line->figures.queued = read_number(text, "queued");
	}
	else if (strncmp(text, "ready ", 6) == 0)
	{
		line->kind = AI_LINE_READY;
		line->protocol = (int) read_number(text, "protocol");
		read_word(text, "version", line->version, sizeof(line->version));
		read_word(text, "ort", line->ort_version, sizeof(line->ort_version));
	}
	else if (strncmp(text, "log ", 4) == 0)
		line->is_error = log_text(text + 4, &line->text);
	else
	{
		line->text = text;
		ereport(WARNING, (errmsg("inference server: %s", text)));
	}
}

/* Hands over the line that stands in the buffer, if it says anything. */
static void
finish_line(AiServerOutput *output,
			void (*on_line) (const AiServerLine *line, void *arg), void *arg)
{
	AiServerLine line;

	output->line[output->length] = '\0';
	if (output->length > 0)
	{
		parse_line(output->line, &line);
		on_line(&line, arg);
	}
	output->length = 0;
}

bool
ai_server_output_read(AiServerOutput *output, int fd,
					  void (*on_line) (const AiServerLine *line, void *arg), void *arg)
{
	size_t		total = 0;

	while (total < MAX_BYTES_PER_CALL)
	{
		char		bytes[4096];
		ssize_t		count = read(fd, bytes, sizeof(bytes));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (count <= 0)
		{
			finish_line(output, on_line, arg);
			return false;
		}
		total += (size_t) count;
		for (ssize_t i = 0; i < count; i++)
		{
			if (bytes[i] == '\n')
				finish_line(output, on_line, arg);
			else if (output->length < AI_MAX_LINE_BYTES - 1 && bytes[i] != '\0')
				output->line[output->length++] = bytes[i];	/* the rest of it is dropped */
		}
	}
	return true;
}
