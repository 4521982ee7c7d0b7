/* hiredis against the Unix socket given: commands, a pipeline, a transaction, a subscription, and connecting again.
   Prints `ok`, or which line was not as it should be. */

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition)                                                                          \
  if (!(condition)) {                                                                             \
    printf("line %d: not %s\n", __LINE__, #condition);                                            \
    exit(1);                                                                                      \
  }

static redisContext *connected(const char *path) {
  redisContext *context = redisConnectUnix(path);
  HOLDS(context && !context->err);
  struct timeval limit = {10, 0};
  HOLDS(redisSetTimeout(context, limit) == REDIS_OK);
  return context;
}

static redisReply *next(redisContext *context) {
  redisReply *reply = NULL;
  HOLDS(redisGetReply(context, (void **)&reply) == REDIS_OK);
  return reply;
}

static void strings(redisContext *context) {
  redisReply *reply = redisCommand(context, "SET %s %b", "bytes", "\0\xff\r\n", (size_t)4);
  HOLDS(reply->type == REDIS_REPLY_STATUS && !strcmp(reply->str, "OK"));
  freeReplyObject(reply);
  reply = redisCommand(context, "GET bytes");
  HOLDS(reply->type == REDIS_REPLY_STRING && reply->len == 4 && !memcmp(reply->str, "\0\xff\r\n", 4));
  freeReplyObject(reply);
  reply = redisCommand(context, "GET none");
  HOLDS(reply->type == REDIS_REPLY_NIL);
  freeReplyObject(reply);
  reply = redisCommand(context, "NONSENSE");
  HOLDS(reply->type == REDIS_REPLY_ERROR && strstr(reply->str, "unknown command"));
  freeReplyObject(reply);
}

static void pipeline(redisContext *context) {
  for (int i = 0; i < 1000; i++) redisAppendCommand(context, "INCR piped");
  for (int i = 0; i < 1000; i++) {
    redisReply *reply = next(context);
    HOLDS(reply->type == REDIS_REPLY_INTEGER && reply->integer == i + 1);
    freeReplyObject(reply);
  }
}

static void transaction(redisContext *context) {
  freeReplyObject(redisCommand(context, "MULTI"));
  freeReplyObject(redisCommand(context, "SET queued 1"));
  freeReplyObject(redisCommand(context, "INCR queued"));
  redisReply *reply = redisCommand(context, "EXEC");
  HOLDS(reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 && reply->element[1]->integer == 2);
  freeReplyObject(reply);
}

static void subscription(redisContext *context, const char *path) {
  redisContext *subscriber = connected(path);
  redisReply *reply = redisCommand(subscriber, "SUBSCRIBE news");
  HOLDS(reply->type == REDIS_REPLY_ARRAY && !strcmp(reply->element[0]->str, "subscribe"));
  freeReplyObject(reply);
  freeReplyObject(redisCommand(context, "PUBLISH news hi"));
  reply = next(subscriber);
  HOLDS(reply->elements == 3 && !strcmp(reply->element[2]->str, "hi"));
  freeReplyObject(reply);
  redisFree(subscriber);
}

static void again(redisContext *context, const char *path) {
  redisContext *other = connected(path);
  redisReply *id = redisCommand(context, "CLIENT ID");
  redisReply *killed = redisCommand(other, "CLIENT KILL ID %lld", id->integer);
  HOLDS(killed->type == REDIS_REPLY_INTEGER && killed->integer == 1);
  HOLDS(redisCommand(context, "PING") == NULL && context->err);
  HOLDS(redisReconnect(context) == REDIS_OK);
  redisReply *reply = redisCommand(context, "GET queued");
  HOLDS(reply->type == REDIS_REPLY_STRING && !strcmp(reply->str, "2"));
  freeReplyObject(reply);
  freeReplyObject(id);
  freeReplyObject(killed);
  redisFree(other);
}

int main(int count, char **arguments) {
  HOLDS(count == 2);
  signal(SIGPIPE, SIG_IGN);
  redisContext *context = connected(arguments[1]);
  strings(context);
  pipeline(context);
  transaction(context);
  subscription(context, arguments[1]);
  again(context, arguments[1]);
  redisFree(context);
  puts("ok");
  return 0;
}
