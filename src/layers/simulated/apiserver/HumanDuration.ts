/** Ages as kubectl prints them (k8s.io/apimachinery/pkg/util/duration, HumanDuration). */

const secondMillis = 1000

/** `5s`, `3m20s`, `2h`, `8d`, `1y30d`; `<invalid>` for a time more than 2 s in the future. */
export const humanDuration = (millis: number): string => {
  const seconds = Math.trunc(millis / secondMillis)
  if (seconds < -1) return "<invalid>"
  if (seconds < 0) return "0s"
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s")
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return pair(hours, "h", minutes % 60, "m")
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 192) return pair(days, "d", hours % 24, "h")
  if (days < 730) return `${days}d`
  const years = Math.trunc(days / 365)
  return days < 2920 ? pair(years, "y", days % 365, "d") : `${years}y`
}

const pair = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`

/** The age for an RFC 3339 time; `<unknown>` if it is absent or not a time. */
export const age = (timestamp: string, nowMillis: number): string => {
  const since = Date.parse(timestamp)
  return Number.isNaN(since) ? "<unknown>" : humanDuration(nowMillis - since)
}
