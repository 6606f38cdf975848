/** `2026-11-26T10:00:00.000Z`, as everything of ours writes times. */
const LENGTH = 24
const ZERO = 48
const Z = 90

/** Reads ISO times as milliseconds: what `Date.parse` says, several times as fast for those that `toISOString` writes. */
export function createTimes(): (iso: string) => number {
  let lastDay = -1
  let lastDayMs = 0
  return (iso) => {
    if (iso.length !== LENGTH || iso.charCodeAt(LENGTH - 1) !== Z) return Date.parse(iso)
    const day = digits(iso, 0, 4) * 512 + digits(iso, 5, 2) * 32 + digits(iso, 8, 2)
    if (day !== lastDay) {
      lastDay = day
      lastDayMs = Date.parse(iso.slice(0, 10))
    }
    return lastDayMs + digits(iso, 11, 2) * 3_600_000 + digits(iso, 14, 2) * 60_000 + digits(iso, 17, 2) * 1_000 + digits(iso, 20, 3)
  }
}

function digits(text: string, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) value = value * 10 + text.charCodeAt(at) - ZERO
  return value
}
