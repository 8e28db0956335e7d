/* Stands in for IOKit, CoreFoundation, CoreGraphics, sysctlbyname and gethostuuid: exactly what unplugd calls of them,
 * over a registry and a session that a test writes. It keeps count of every reference, and notes every call that a real Mac would answer with a crash
 * or a leak. An entry that goes is gone for whoever holds it: the kernel takes it away from everybody.
 *
 * The registry is a text: a line `E depth id registered class` for each entry, in the order of the tree, and behind it
 * its properties: `I key\tnumber`, `S key\ttext`, `O key\tkey within\t0 or 1` (a dictionary with one boolean).
 * The session is a text likewise, with a line for each entry of its dictionary: `I key\tnumber`, `B key\t0 or 1` (a
 * boolean), `S key\ttext`.
 * What begins with stand_ is the test's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERN_FAILURE 0xe00002bc /* kIOReturnError */
#define DEAD 0x10000003 /* MACH_SEND_INVALID_DEST */
#define UTF8 0x08000100
#define SINT64 4
#define MANY 4096

enum { ARRAY = 19, TEXT = 7, NUMBER = 22, TRUTH = 21, DICTIONARY = 18, LOOP = 40, SOURCE = 41 };

typedef void (*matched_t)(void *, uint32_t);
typedef void (*power_t)(void *, uint32_t, uint32_t, void *);

struct property { char kind; char key[128]; char value[512]; int64_t number; };
struct entry {
    int depth, matched, dead;
    uint64_t id;
    char class[128];
    struct property properties[16];
    int count;
};
/* `within` is the first entry of a dictionary, `key` the key of an entry, `next` the entry behind it. */
struct cf { int type, references; char text[512]; int64_t number; struct cf *within, *next; char key[128]; };
struct port { int live, added; struct cf *source; };
/* What has a 32-bit name: an entry, an iterator, a notifier or a connection. */
struct object {
    enum { NONE, ENTRY, ITERATOR, NOTIFIER, CONNECTION } kind;
    int references;
    struct entry *entry;
    struct entry *list[256];
    int length, next, invalid, drained;
    /* of an iterator that announces */
    struct port *port;
    matched_t call;
    void *context;
    char what[64];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct entry entries[512];
static int entry_count;
static struct entry gone = { .dead = 1 };
static struct { uint64_t id; int calls; } doomed;
static struct object objects[MANY];
static struct cf *values[MANY];
static int value_count;
static struct port ports[64];
static char trouble[256], failing[128], sysctl_name[64], sysctl_value[64];
static size_t sysctl_size;
static char session[2048], languages[512];
static int has_session;
static int disturbances, answers, running, stopped;
static uint32_t answered[64];
static intptr_t answered_with[64];
static power_t powered;
static void *powered_context;
static struct port *power_port;
static struct { char what[64]; uint32_t message; intptr_t argument; uint64_t id; } queue[64];
static int queued;
static struct cf default_mode = { TEXT, 1, "kCFRunLoopDefaultMode", 0, NULL, NULL, "" };
static __thread struct cf *own_loop;

const void *kCFRunLoopDefaultMode = &default_mode;

static void note(const char *what)
{
    if (!trouble[0])
        snprintf(trouble, sizeof trouble, "%s", what);
}

static int fails(const char *call)
{
    return !strcmp(failing, call);
}

static uint32_t name_of(struct object *object)
{
    return 0x1000 + (uint32_t)(object - objects);
}

static struct object *object_of(uint32_t name, int kind, const char *call)
{
    struct object *object = name >= 0x1000 && name < 0x1000 + MANY ? &objects[name - 0x1000] : NULL;
    if (!object || !object->references || (kind && (int)object->kind != kind)) {
        note(call);
        return NULL;
    }
    return object;
}

static struct object *made(int kind)
{
    static int last;
    /* Not the one just released: who uses it then is found out. */
    for (int tried = 0; tried < MANY; tried++) {
        struct object *object = &objects[last = (last + 1) % MANY];
        if (!object->references) {
            memset(object, 0, sizeof *object);
            object->kind = kind;
            object->references = 1;
            return object;
        }
    }
    note("too many objects");
    return NULL;
}

static struct cf *value_of(const void *pointer, int type, const char *call)
{
    if (pointer == &default_mode)
        return &default_mode;
    for (int i = 0; i < value_count; i++)
        if (values[i] == pointer && values[i]->references > 0 && (!type || values[i]->type == type))
            return values[i];
    note(call);
    return NULL;
}

static struct cf *value(int type, const char *text)
{
    struct cf *cf = calloc(1, sizeof *cf);
    /* Places are used again, memory is not freed: who uses it later is found out. */
    int i = 0;
    while (i < value_count && values[i]->references)
        i++;
    if (i == value_count)
        value_count++;
    if (value_count > MANY) {
        note("too many values");
        value_count--;
        i = 0;
    }
    values[i] = cf;
    cf->type = type;
    cf->references = 1;
    snprintf(cf->text, sizeof cf->text, "%s", text);
    return cf;
}

static void release(struct cf *cf)
{
    if (--cf->references == 0)
        for (struct cf *entry = cf->within; entry; entry = entry->next)
            release(entry);
}

/* Put an entry into a dictionary, which owns it. */
static void put(struct cf *dictionary, const char *key, struct cf *entry)
{
    snprintf(entry->key, sizeof entry->key, "%.127s", key);
    entry->next = dictionary->within;
    dictionary->within = entry;
}

static struct entry *entry_with(uint64_t id)
{
    for (int i = 0; i < entry_count; i++)
        if (entries[i].id == id && !entries[i].dead)
            return &entries[i];
    return NULL;
}

/* Whether a call on an entry still reaches it. */
static int reaches(struct entry *entry)
{
    if (doomed.id && entry->id == doomed.id && doomed.calls-- <= 0) {
        int depth = entry->depth;
        doomed.id = 0;
        entry->dead = 1;
        for (struct entry *below = entry + 1; below < entries + entry_count && below->depth > depth; below++)
            below->dead = 1;
    }
    return !entry->dead;
}

/* --- the test's part */

int stand_registry(const char *path)
{
    static char line[2048];
    FILE *file = fopen(path, "r");
    struct entry *entry = NULL;

    if (!file)
        return errno;
    pthread_mutex_lock(&lock);
    static uint64_t held[MANY];
    for (int i = 0; i < MANY; i++) {
        held[i] = objects[i].references && objects[i].kind == ENTRY ? objects[i].entry->id : 0;
        if (objects[i].kind == ITERATOR) {
            objects[i].length = objects[i].next = 0;
            objects[i].invalid = !objects[i].call;
        }
    }
    doomed.id = 0;
    entry_count = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == 'E') {
            entry = &entries[entry_count++];
            memset(entry, 0, sizeof *entry);
            sscanf(line, "E %d %lu %d %127s", &entry->depth, &entry->id, &entry->matched, entry->class);
        } else if (entry && entry->count < 16) {
            struct property *property = &entry->properties[entry->count++];
            char *key = line + 2, *rest = strchr(key, '\t');
            *rest++ = 0;
            property->kind = line[0];
            snprintf(property->key, sizeof property->key, "%s", key);
            if (line[0] == 'I')
                property->number = strtoll(rest, NULL, 10);
            if (line[0] == 'O') {
                char *end = strchr(rest, '\t');
                *end++ = 0;
                property->number = atoi(end);
            }
            snprintf(property->value, sizeof property->value, "%.500s", rest);
        }
    }
    for (int i = 0; i < MANY; i++)
        if (held[i])
            objects[i].entry = entry_with(held[i]) ? entry_with(held[i]) : &gone;
    pthread_mutex_unlock(&lock);
    fclose(file);
    return 0;
}

/* Let an entry go, with all below it, once so many more calls have been made on it. */
void stand_doom(uint64_t id, int calls)
{
    pthread_mutex_lock(&lock);
    doomed.id = id;
    doomed.calls = calls;
    pthread_mutex_unlock(&lock);
}

/* Let every call of this name fail; "" lets none. */
void stand_fail(const char *call)
{
    pthread_mutex_lock(&lock);
    snprintf(failing, sizeof failing, "%s", call);
    pthread_mutex_unlock(&lock);
}

/* Let the registry change under the next `count` lists. */
void stand_disturb(int count)
{
    disturbances = count;
}

/* Whether an entry is still to go. */
int stand_dooms(void)
{
    pthread_mutex_lock(&lock);
    int dooms = doomed.id != 0;
    pthread_mutex_unlock(&lock);
    return dooms;
}

void stand_sysctl(const char *name, const void *content, size_t size)
{
    snprintf(sysctl_name, sizeof sysctl_name, "%s", name);
    memcpy(sysctl_value, content, size);
    sysctl_size = size;
}

/* Be in a session with this dictionary; NULL: in none. */
void stand_languages(const char *text)
{
    snprintf(languages, sizeof languages, "%s", text);
}

void stand_session(const char *text)
{
    pthread_mutex_lock(&lock);
    has_session = text != NULL;
    snprintf(session, sizeof session, "%s", text ? text : "");
    pthread_mutex_unlock(&lock);
}

/* How many references there are to anything. */
int stand_references(void)
{
    int count = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MANY; i++)
        count += objects[i].references;
    for (int i = 0; i < value_count; i++)
        count += values[i]->references - (values[i]->type == LOOP); /* one is the thread's */
    for (int i = 0; i < 64; i++)
        count += ports[i].live;
    pthread_mutex_unlock(&lock);
    return count;
}

/* The first wrong call, "" if there was none. */
const char *stand_trouble(void)
{
    return trouble;
}

/* Announce an entry as IOServiceFirstMatch or IOServiceTerminate; 1 if nobody would hear it. */
int stand_announce(const char *what, uint64_t id)
{
    int heard = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MANY; i++)
        if (objects[i].references && objects[i].call && !strcmp(objects[i].what, what) && objects[i].port->live)
            heard = 1;
    snprintf(queue[queued].what, sizeof queue[queued].what, "%s", what);
    queue[queued++].id = id;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return !heard;
}

int stand_power(uint32_t message, intptr_t argument)
{
    pthread_mutex_lock(&lock);
    int heard = powered != NULL;
    snprintf(queue[queued].what, sizeof queue[queued].what, "power");
    queue[queued].message = message;
    queue[queued++].argument = argument;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return !heard;
}

/* How many sleeps were allowed, and with which argument the last. */
int stand_allowed(intptr_t *argument)
{
    pthread_mutex_lock(&lock);
    int count = answers;
    *argument = count ? answered_with[count - 1] : 0;
    pthread_mutex_unlock(&lock);
    return count;
}

/* Whether a run loop runs. */
int stand_running(void)
{
    pthread_mutex_lock(&lock);
    int is = running;
    pthread_mutex_unlock(&lock);
    return is;
}

/* End the run loop, as if its sources had gone. */
void stand_end(void)
{
    pthread_mutex_lock(&lock);
    stopped = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* --- CoreFoundation */

void *CFRetain(void *pointer)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, 0, "CFRetain of nothing");
    if (cf)
        cf->references++;
    pthread_mutex_unlock(&lock);
    return pointer;
}

void CFRelease(void *pointer)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, 0, "CFRelease of nothing");
    if (cf)
        release(cf);
    pthread_mutex_unlock(&lock);
}

unsigned long CFGetTypeID(void *pointer)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, 0, "CFGetTypeID of nothing");
    pthread_mutex_unlock(&lock);
    return cf ? (unsigned long)cf->type : 0;
}

unsigned long CFStringGetTypeID(void) { return TEXT; }
unsigned long CFNumberGetTypeID(void) { return NUMBER; }
unsigned long CFBooleanGetTypeID(void) { return TRUTH; }
unsigned long CFDictionaryGetTypeID(void) { return DICTIONARY; }

void *CFStringCreateWithCString(void *allocator, const char *text, uint32_t encoding)
{
    if (fails("CFStringCreateWithCString"))
        return NULL;
    pthread_mutex_lock(&lock);
    if (allocator || encoding != UTF8)
        note("CFStringCreateWithCString: wrong arguments");
    struct cf *cf = value(TEXT, text);
    pthread_mutex_unlock(&lock);
    return cf;
}

unsigned char CFStringGetCString(void *pointer, char *buffer, long size, uint32_t encoding)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, TEXT, "CFStringGetCString of something else");
    int fits = cf && encoding == UTF8 && (long)strlen(cf->text) < size && !fails("CFStringGetCString");
    if (fits)
        strcpy(buffer, cf->text);
    pthread_mutex_unlock(&lock);
    return fits ? 1 : 0;
}

unsigned char CFNumberGetValue(void *pointer, long type, void *number)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, NUMBER, "CFNumberGetValue of something else");
    int fits = cf && type == SINT64 && !fails("CFNumberGetValue");
    if (fits)
        *(int64_t *)number = cf->number;
    pthread_mutex_unlock(&lock);
    return fits ? 1 : 0;
}

unsigned char CFBooleanGetValue(void *pointer)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, TRUTH, "CFBooleanGetValue of something else");
    pthread_mutex_unlock(&lock);
    return cf && cf->number;
}

void *CFDictionaryGetValue(void *pointer, void *key)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, DICTIONARY, "CFDictionaryGetValue of something else");
    struct cf *text = value_of(key, TEXT, "CFDictionaryGetValue: the key is no text");
    struct cf *found = cf && text ? cf->within : NULL;
    if (text && strstr(text->text, "UserName"))
        note("a user's name was asked for");
    while (found && strcmp(found->key, text->text))
        found = found->next;
    pthread_mutex_unlock(&lock);
    return found;
}

/* The languages are a text with one on each line, the preferred one last: `put` puts each before the others. */
void *CFLocaleCopyPreferredLanguages(void)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = fails("CFLocaleCopyPreferredLanguages") ? NULL : value(ARRAY, "");
    char *rest = strdup(languages), *at = rest, *line;
    while (cf && (line = strsep(&at, "\n")))
        if (*line)
            put(cf, "", value(TEXT, line));
    free(rest);
    pthread_mutex_unlock(&lock);
    return cf;
}

long CFArrayGetCount(void *pointer)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, ARRAY, "CFArrayGetCount of something else");
    long count = 0;
    for (struct cf *entry = cf ? cf->within : NULL; entry; entry = entry->next)
        count++;
    pthread_mutex_unlock(&lock);
    return count;
}

void *CFArrayGetValueAtIndex(void *pointer, long index)
{
    pthread_mutex_lock(&lock);
    struct cf *cf = value_of(pointer, ARRAY, "CFArrayGetValueAtIndex of something else");
    struct cf *entry = cf ? cf->within : NULL;
    while (entry && index--)
        entry = entry->next;
    if (!entry)
        note("CFArrayGetValueAtIndex beyond the end");
    pthread_mutex_unlock(&lock);
    return entry;
}

void *CFRunLoopGetCurrent(void)
{
    pthread_mutex_lock(&lock);
    if (!own_loop)
        own_loop = value(LOOP, "");
    pthread_mutex_unlock(&lock);
    return own_loop;
}

void CFRunLoopAddSource(void *loop, void *source, void *mode)
{
    pthread_mutex_lock(&lock);
    if (value_of(loop, LOOP, "CFRunLoopAddSource to no loop") != own_loop)
        note("CFRunLoopAddSource to another thread's loop");
    struct cf *cf = value_of(source, SOURCE, "CFRunLoopAddSource of no source");
    if (mode != &default_mode)
        note("CFRunLoopAddSource: not the default mode");
    for (int i = 0; i < 64; i++)
        if (cf && ports[i].live && ports[i].source == cf)
            ports[i].added = 1;
    pthread_mutex_unlock(&lock);
}

static void deliver(int number)
{
    if (!strcmp(queue[number].what, "power")) {
        power_t call = power_port && power_port->added ? powered : NULL;
        pthread_mutex_unlock(&lock);
        if (call)
            call(powered_context, 0x77, queue[number].message, (void *)queue[number].argument);
        pthread_mutex_lock(&lock);
        return;
    }
    for (int i = 0; i < MANY; i++) {
        struct object *object = &objects[i];
        if (!object->references || !object->call || strcmp(object->what, queue[number].what) || !object->port->added)
            continue;
        if (!object->drained) {
            /* An iterator that was not emptied announces nothing. */
            note("an announcement was lost: the iterator had not been emptied");
            continue;
        }
        object->list[0] = entry_with(queue[number].id);
        object->length = object->list[0] ? 1 : 0;
        object->next = object->drained = 0;
        pthread_mutex_unlock(&lock);
        object->call(object->context, name_of(object));
        pthread_mutex_lock(&lock);
    }
}

void CFRunLoopRun(void)
{
    int sources = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 64; i++)
        sources += ports[i].live && ports[i].added;
    /* As the real one: what it was told before it runs is forgotten, and without sources it ends at once. */
    stopped = fails("CFRunLoopRun");
    running = sources > 0;
    while (sources && !stopped) {
        while (queued && !stopped) {
            deliver(0);
            memmove(queue, queue + 1, sizeof queue - sizeof queue[0]);
            queued--;
        }
        if (!stopped)
            pthread_cond_wait(&changed, &lock);
    }
    running = 0;
    pthread_mutex_unlock(&lock);
}

void CFRunLoopStop(void *loop)
{
    pthread_mutex_lock(&lock);
    value_of(loop, LOOP, "CFRunLoopStop of no loop");
    if (running) {
        stopped = 1;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

/* --- IOKit */

void *IOServiceMatching(const char *class)
{
    if (fails("IOServiceMatching"))
        return NULL;
    pthread_mutex_lock(&lock);
    struct cf *cf = value(DICTIONARY, class);
    pthread_mutex_unlock(&lock);
    return cf;
}

static struct object *matching_iterator(void *matching, const char *call)
{
    struct cf *cf = value_of(matching, DICTIONARY, call);
    struct object *object = NULL;
    if (cf) {
        if (!fails(call) && (object = made(ITERATOR)))
            for (int i = 0; i < entry_count; i++)
                if (entries[i].matched && !entries[i].dead && !strcmp(entries[i].class, cf->text))
                    object->list[object->length++] = &entries[i];
        release(cf);
    }
    if (object && disturbances) {
        disturbances--;
        object->invalid = 1;
    }
    return object;
}

int IOServiceGetMatchingServices(uint32_t port, void *matching, uint32_t *iterator)
{
    pthread_mutex_lock(&lock);
    if (port)
        note("IOServiceGetMatchingServices: not the default port");
    struct object *object = matching_iterator(matching, "IOServiceGetMatchingServices");
    int done = object != NULL;
    if (object && !object->length) {
        /* As the real one: where nothing matches there is no iterator, and that is no failure. */
        object->references--;
        object = NULL;
    }
    *iterator = object ? name_of(object) : 0;
    pthread_mutex_unlock(&lock);
    return done ? 0 : (int)KERN_FAILURE;
}

uint32_t IOIteratorNext(uint32_t iterator)
{
    uint32_t name = 0;
    if (!iterator)
        return 0;
    pthread_mutex_lock(&lock);
    struct object *object = object_of(iterator, ITERATOR, "IOIteratorNext of no iterator");
    if (object && object->next < object->length && !(object->invalid && object->next)) {
        struct object *entry = made(ENTRY);
        if (entry) {
            entry->entry = object->list[object->next++];
            name = name_of(entry);
        }
    } else if (object) {
        object->drained = 1;
    }
    pthread_mutex_unlock(&lock);
    return name;
}

int IOIteratorIsValid(uint32_t iterator)
{
    if (!iterator)
        return 0;
    pthread_mutex_lock(&lock);
    struct object *object = object_of(iterator, ITERATOR, "IOIteratorIsValid of no iterator");
    int valid = object && !object->invalid;
    pthread_mutex_unlock(&lock);
    return valid;
}

void IOIteratorReset(uint32_t iterator)
{
    if (!iterator)
        return;
    pthread_mutex_lock(&lock);
    struct object *object = object_of(iterator, ITERATOR, "IOIteratorReset of no iterator");
    if (object) {
        object->next = 0;
        object->invalid = disturbances > 0;
        disturbances -= object->invalid;
    }
    pthread_mutex_unlock(&lock);
}

int IOObjectRelease(uint32_t name)
{
    if (!name)
        return 0;
    pthread_mutex_lock(&lock);
    struct object *object = object_of(name, 0, "IOObjectRelease of nothing");
    if (object)
        object->references--;
    pthread_mutex_unlock(&lock);
    return 0;
}

/* IOClassNameOverride: the names that these had before El Capitan. */
static const char *shown_class(const char *class)
{
    return !strcmp(class, "IOUSBHostDevice") ? "IOUSBDevice"
        : !strcmp(class, "IOUSBHostInterface") ? "IOUSBInterface"
        : class;
}

int IOObjectGetClass(uint32_t name, char class[128])
{
    pthread_mutex_lock(&lock);
    struct object *object = object_of(name, ENTRY, "IOObjectGetClass of no entry");
    int there = object && reaches(object->entry);
    if (there)
        strcpy(class, shown_class(object->entry->class));
    pthread_mutex_unlock(&lock);
    return !there ? DEAD : fails("IOObjectGetClass") ? (int)KERN_FAILURE : 0;
}

int IOObjectConformsTo(uint32_t name, const char *class)
{
    pthread_mutex_lock(&lock);
    struct object *object = object_of(name, ENTRY, "IOObjectConformsTo of no entry");
    int conforms = object && reaches(object->entry) && !strcmp(object->entry->class, class);
    pthread_mutex_unlock(&lock);
    return conforms;
}

int IORegistryEntryGetRegistryEntryID(uint32_t name, uint64_t *id)
{
    pthread_mutex_lock(&lock);
    struct object *object = object_of(name, ENTRY, "IORegistryEntryGetRegistryEntryID of no entry");
    int there = object && reaches(object->entry);
    if (there)
        *id = object->entry->id;
    pthread_mutex_unlock(&lock);
    return !there ? DEAD : fails("IORegistryEntryGetRegistryEntryID") ? (int)KERN_FAILURE : 0;
}

int IORegistryEntryGetChildIterator(uint32_t name, const char *plane, uint32_t *iterator)
{
    struct object *children = NULL;
    *iterator = 0;
    pthread_mutex_lock(&lock);
    struct object *object = object_of(name, ENTRY, "IORegistryEntryGetChildIterator of no entry");
    if (strcmp(plane, "IOService"))
        note("IORegistryEntryGetChildIterator: another plane");
    int there = object && reaches(object->entry);
    if (there && !fails("IORegistryEntryGetChildIterator") && (children = made(ITERATOR))) {
        struct entry *parent = object->entry;
        for (struct entry *e = parent + 1; e < entries + entry_count && e->depth > parent->depth; e++)
            if (e->depth == parent->depth + 1 && !e->dead)
                children->list[children->length++] = e;
        *iterator = name_of(children);
    }
    pthread_mutex_unlock(&lock);
    return children ? 0 : there ? (int)KERN_FAILURE : DEAD;
}

void *IORegistryEntryCreateCFProperty(uint32_t name, void *key, void *allocator, uint32_t options)
{
    struct cf *created = NULL;
    pthread_mutex_lock(&lock);
    struct object *object = object_of(name, ENTRY, "IORegistryEntryCreateCFProperty of no entry");
    struct cf *text = value_of(key, TEXT, "IORegistryEntryCreateCFProperty: the key is no text");
    if (allocator || options)
        note("IORegistryEntryCreateCFProperty: wrong arguments");
    if (text && (strcasestr(text->text, "serial")))
        note("a serial number was asked for");
    int there = object && reaches(object->entry);
    for (int i = 0; there && text && i < object->entry->count; i++) {
        struct property *property = &object->entry->properties[i];
        if (strcmp(property->key, text->text))
            continue;
        created = value(property->kind == 'S' ? TEXT : property->kind == 'I' ? NUMBER : DICTIONARY, property->value);
        created->number = property->number;
        if (property->kind == 'O') {
            struct cf *truth = value(TRUTH, "");
            truth->number = property->number;
            put(created, property->value, truth);
        }
    }
    pthread_mutex_unlock(&lock);
    return created;
}

static struct port *new_port(void)
{
    for (int i = 0; i < 64; i++)
        if (!ports[i].live) {
            ports[i].live = 1;
            ports[i].added = 0;
            ports[i].source = value(SOURCE, "");
            return &ports[i];
        }
    note("too many ports");
    return NULL;
}

void *IONotificationPortCreate(uint32_t port)
{
    if (fails("IONotificationPortCreate"))
        return NULL;
    pthread_mutex_lock(&lock);
    if (port)
        note("IONotificationPortCreate: not the default port");
    struct port *created = new_port();
    pthread_mutex_unlock(&lock);
    return created;
}

static struct port *port_of(void *pointer, const char *call)
{
    struct port *port = pointer;
    if (port < ports || port >= ports + 64 || !port->live) {
        note(call);
        return NULL;
    }
    return port;
}

void IONotificationPortDestroy(void *pointer)
{
    pthread_mutex_lock(&lock);
    struct port *port = port_of(pointer, "IONotificationPortDestroy of no port");
    if (running)
        note("IONotificationPortDestroy under a running loop");
    if (port) {
        port->live = 0;
        release(port->source);
    }
    pthread_mutex_unlock(&lock);
}

void *IONotificationPortGetRunLoopSource(void *pointer)
{
    pthread_mutex_lock(&lock);
    struct port *port = port_of(pointer, "IONotificationPortGetRunLoopSource of no port");
    pthread_mutex_unlock(&lock);
    return port && !fails("IONotificationPortGetRunLoopSource") ? port->source : NULL;
}

int IOServiceAddMatchingNotification(
    void *pointer, const char *what, void *matching, matched_t call, void *context, uint32_t *iterator)
{
    pthread_mutex_lock(&lock);
    struct port *port = port_of(pointer, "IOServiceAddMatchingNotification to no port");
    struct object *object = matching_iterator(matching, "IOServiceAddMatchingNotification");
    if (strcmp(what, "IOServiceFirstMatch") && strcmp(what, "IOServiceTerminate"))
        note("IOServiceAddMatchingNotification: unknown kind");
    if (object) {
        object->port = port;
        object->call = call;
        object->context = context;
        snprintf(object->what, sizeof object->what, "%s", what);
    }
    *iterator = object ? name_of(object) : 0;
    pthread_mutex_unlock(&lock);
    return object ? 0 : (int)KERN_FAILURE;
}

uint32_t IORegisterForSystemPower(void *context, void **port, power_t call, uint32_t *notifier)
{
    if (fails("IORegisterForSystemPower"))
        return 0;
    pthread_mutex_lock(&lock);
    powered = call;
    powered_context = context;
    *port = power_port = new_port();
    struct object *notifying = made(NOTIFIER), *connection = made(CONNECTION);
    *notifier = name_of(notifying);
    pthread_mutex_unlock(&lock);
    return name_of(connection);
}

int IODeregisterForSystemPower(uint32_t *notifier)
{
    pthread_mutex_lock(&lock);
    struct object *object = object_of(*notifier, NOTIFIER, "IODeregisterForSystemPower of no notifier");
    if (object)
        object->references--;
    powered = NULL;
    pthread_mutex_unlock(&lock);
    return 0;
}

int IOAllowPowerChange(uint32_t connection, intptr_t argument)
{
    pthread_mutex_lock(&lock);
    object_of(connection, CONNECTION, "IOAllowPowerChange of no connection");
    answered[answers] = connection;
    answered_with[answers++] = argument;
    pthread_mutex_unlock(&lock);
    return 0;
}

int IOServiceClose(uint32_t connection)
{
    pthread_mutex_lock(&lock);
    struct object *object = object_of(connection, CONNECTION, "IOServiceClose of no connection");
    if (object)
        object->references--;
    pthread_mutex_unlock(&lock);
    return 0;
}

/* --- CoreGraphics */

void *CGSessionCopyCurrentDictionary(void)
{
    struct cf *dictionary = NULL;
    char text[sizeof session], *rest = text;
    pthread_mutex_lock(&lock);
    memcpy(text, session, sizeof text);
    if (has_session && !fails("CGSessionCopyCurrentDictionary"))
        dictionary = value(DICTIONARY, "session");
    for (char *line; dictionary && (line = strsep(&rest, "\n")) && *line;) {
        char *key = line + 2, *content = strchr(key, '\t');
        *content++ = 0;
        struct cf *entry = value(line[0] == 'S' ? TEXT : line[0] == 'I' ? NUMBER : TRUTH, content);
        entry->number = strtoll(content, NULL, 10);
        put(dictionary, key, entry);
    }
    pthread_mutex_unlock(&lock);
    return dictionary;
}

/* --- the C library */

int gethostuuid(unsigned char id[16], const void *wait)
{
    if (strcmp("gethostuuid", sysctl_name) || sysctl_size != 16) {
        errno = EWOULDBLOCK;
        return -1;
    }
    memcpy(id, sysctl_value, 16);
    return 0;
}

int sysctlbyname(const char *name, void *old, size_t *size, void *new, size_t new_size)
{
    if (new || new_size || strcmp(name, sysctl_name)) {
        errno = ENOENT;
        return -1;
    }
    if (*size < sysctl_size) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(old, sysctl_value, sysctl_size);
    *size = sysctl_size;
    return 0;
}
