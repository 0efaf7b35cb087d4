// The appointment as a file for any agenda (RFC 5545): when and where, never why nor with whom.

const stamp = (instant) => new Date(instant).toISOString().replace(/[-:]|\.\d+/g, "");
const escaped = (text) => text.replace(/[\\;,]/g, (sign) => `\\${sign}`).replace(/\n/g, "\\n");
const QUARTER = 15 * 60_000;

/** The address of a file made here: nothing of it is asked from a server. */
export function asCalendar(view, title) {
  const where = [view.meeting?.place, view.meeting?.address].filter(Boolean).join(", ");
  const lines = [
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Aiguillage//Patient//FR", "BEGIN:VEVENT",
    `UID:${stamp(view.starts_at)}@aiguillage`, `DTSTAMP:${stamp(Date.now())}`, `DTSTART:${stamp(view.starts_at)}`,
    `DTEND:${stamp(Date.parse(view.starts_at) + QUARTER)}`, `SUMMARY:${escaped(title)}`,
    ...(where ? [`LOCATION:${escaped(where)}`] : []),
    "BEGIN:VALARM", "ACTION:DISPLAY", `DESCRIPTION:${escaped(title)}`, "TRIGGER:-PT1H", "END:VALARM", "END:VEVENT", "END:VCALENDAR",
  ];
  return URL.createObjectURL(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/calendar" }));
}
