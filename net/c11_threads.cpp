// Only under ThreadSanitizer, which knows POSIX threads and not those of C11 (thrd_create and its kin): it
// crashes in the first thread that was made that way, and librdkafka makes all of its own so. There, these
// definitions stand before the C library's and do the same by POSIX threads; mtx_t, cnd_t and once_flag have
// room for that, as in glibc they are the same things. librdkafka is loaded late and finds them only where
// the program exports them: see CMakeLists.txt.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ASSAY_C11_THREADS 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define ASSAY_C11_THREADS 1
#endif

#ifdef ASSAY_C11_THREADS
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace {

static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && sizeof(cnd_t) >= sizeof(pthread_cond_t) &&
              sizeof(once_flag) >= sizeof(pthread_once_t));

struct Start {
  thrd_start_t body;
  void* argument;
};

void* enter(void* given) {
  const std::unique_ptr<Start> start(static_cast<Start*>(given));
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(start->body(start->argument)));
}

pthread_mutex_t* posix(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* posix(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }

int outcome(int error) { return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error; }

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t body, void* argument) {
  auto start = std::make_unique<Start>(Start{body, argument});
  const int error = pthread_create(thread, nullptr, &enter, start.get());
  if (error == 0) [[maybe_unused]]
    auto* const owned_by_thread = start.release();
  return outcome(error);
}

int thrd_join(thrd_t thread, int* result) {
  void* returned = nullptr;
  const int error = pthread_join(thread, &returned);
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return outcome(error);
}

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  return outcome(pthread_mutex_init(posix(mutex), &attributes));
}
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy(posix(mutex)); }
int mtx_lock(mtx_t* mutex) { return outcome(pthread_mutex_lock(posix(mutex))); }
int mtx_unlock(mtx_t* mutex) { return outcome(pthread_mutex_unlock(posix(mutex))); }

int cnd_init(cnd_t* condition) { return outcome(pthread_cond_init(posix(condition), nullptr)); }
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(posix(condition)); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return outcome(pthread_cond_wait(posix(condition), posix(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return outcome(pthread_cond_timedwait(posix(condition), posix(mutex), until));
}
int cnd_signal(cnd_t* condition) { return outcome(pthread_cond_signal(posix(condition))); }
int cnd_broadcast(cnd_t* condition) { return outcome(pthread_cond_broadcast(posix(condition))); }

void call_once(once_flag* once, void (*body)()) {
  pthread_once(reinterpret_cast<pthread_once_t*>(once), body);
}

}  // extern "C"
#endif

namespace assay {

// Referred to by kafka_handle.cpp, so that the linker takes this file along.
void use_posix_threads_under_sanitizer();
void use_posix_threads_under_sanitizer() {}

}  // namespace assay
