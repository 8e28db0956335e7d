/* What unplugd is measured against: the least that a program can do from an announcement to a notification.
 *
 * It listens with libudev, reads the id of each USB device that is plugged in, and for a CareLink stick sends one
 * Notify by sd-bus; at unplug it withdraws it. Nothing else: no rules, no journal, no recovery.
 */
#include <libudev.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"

static uint32_t shown;
static char where[256];

static int notified(sd_bus_message *answer, void *data, sd_bus_error *error)
{
    (void)data, (void)error;
    return sd_bus_message_read(answer, "u", &shown);
}

static void changed(struct udev_device *device, sd_bus *bus)
{
    const char *action = udev_device_get_action(device), *path = udev_device_get_devpath(device);

    if (strcmp(action, "add") == 0) {
        const char *vendor = udev_device_get_sysattr_value(device, "idVendor");
        const char *product = udev_device_get_sysattr_value(device, "idProduct");
        if (!vendor || !product || strcmp(vendor, "0a21") != 0)
            return;
        snprintf(where, sizeof where, "%s", path);
        sd_bus_call_method_async(bus, NULL, NAME, PATH, NAME, "Notify", notified, NULL, "susssasa{sv}i", "yardstick",
                                 0, "drive-removable-media-usb", "Unplug the CareLink USB",
                                 "Unused since 12:00. Please disconnect it.\nPlugged in since 12:00.", 4,
                                 "snooze", "Snooze 15 min", "uploading", "I am uploading", 2, "urgency", "y", 1,
                                 "category", "s", "device", 0);
    } else if (strcmp(action, "remove") == 0 && strcmp(path, where) == 0) {
        where[0] = 0;
        sd_bus_call_method_async(bus, NULL, NAME, PATH, NAME, "CloseNotification", NULL, NULL, "u", shown);
    }
}

int main(void)
{
    struct udev *udev = udev_new();
    struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, "udev");
    struct udev_device *device;
    sd_bus *bus;

    udev_monitor_filter_add_match_subsystem_devtype(monitor, "usb", "usb_device");
    if (udev_monitor_enable_receiving(monitor) < 0 || sd_bus_open_user(&bus) < 0)
        return 1;
    while (sd_bus_process(bus, NULL) > 0)
        ;
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd waiting[2] = {{udev_monitor_get_fd(monitor), POLLIN, 0}, {sd_bus_get_fd(bus), POLLIN, 0}};
        waiting[1].events = (short)sd_bus_get_events(bus);
        poll(waiting, 2, -1);
        if (waiting[0].revents && (device = udev_monitor_receive_device(monitor))) {
            changed(device, bus);
            udev_device_unref(device);
        }
        while (sd_bus_process(bus, NULL) > 0)
            ;
    }
}
