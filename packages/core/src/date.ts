// HTTP dates (IMF-fixdate, RFC 9110 §5.6.7). Pure: the time is always handed in; this file never looks at a clock.

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const twoDigits = (n: number): string => (n < 10 ? `0${n}` : String(n));

/**
 * Formats a moment as an HTTP date, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`.
 *
 * @param timestamp seconds since the epoch, as in eventlet's `format_date_time`; fractions are dropped
 * @throws {RangeError} when the timestamp is not a number within the years 0 to 9999, which is what four digits can say
 * @see RFC 9110 §5.6.7
 */
export function formatDateTime(timestamp: number): string {
  const date = new Date(Math.floor(timestamp) * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) {
    throw new RangeError(`formatDateTime: expected seconds since the epoch, got ${String(timestamp)}`);
  }
  const day = DAYS[date.getUTCDay()];
  const month = MONTHS[date.getUTCMonth()];
  const time = `${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}:${twoDigits(date.getUTCSeconds())}`;
  return `${day}, ${twoDigits(date.getUTCDate())} ${month} ${String(year).padStart(4, "0")} ${time} GMT`;
}
