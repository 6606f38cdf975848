import type { Cue } from './play-script.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

interface Appointment {
  readonly id: string
  readonly what: string
  readonly lang: 'en' | 'zh'
  readonly inMs: number
  /** Later events of the appointment, with their times. */
  readonly then?: readonly (readonly [atMs: number, type: string, moveToMs?: number])[]
}

/** The times are such that each one shows something within a minute: a reminder is sent, a person is called, or the appointment starts. */
const APPOINTMENTS: readonly Appointment[] = [
  { id: 'dentist', what: 'your dental check-up', lang: 'en', inMs: 24 * HOUR_MS + 12 * SECOND_MS, then: [[20 * SECOND_MS, 'confirmed']] },
  { id: 'yake', what: '牙科检查', lang: 'zh', inMs: 24 * HOUR_MS + 18 * SECOND_MS },
  { id: 'haircut', what: 'your haircut', lang: 'en', inMs: 3 * HOUR_MS + 15 * SECOND_MS },
  { id: 'nianjian', what: '车辆年检', lang: 'zh', inMs: HOUR_MS + 24 * SECOND_MS },
  { id: 'vaccination', what: 'the vaccination', lang: 'en', inMs: HOUR_MS + 30 * SECOND_MS, then: [[40 * SECOND_MS, 'confirmed']] },
  { id: 'massage', what: 'your massage', lang: 'en', inMs: 36 * SECOND_MS },
  { id: 'tijian', what: '年度体检', lang: 'zh', inMs: 48 * HOUR_MS, then: [[10 * SECOND_MS, 'cancelled']] },
  {
    id: 'piano',
    what: 'the piano lesson',
    lang: 'en',
    inMs: 3 * HOUR_MS,
    then: [[14 * SECOND_MS, 'moved', 24 * HOUR_MS + 42 * SECOND_MS]],
  },
]

/** The bookings of the tenant, and their later events. */
export function reminderCues(tenant: string, nowMs: number): Cue[] {
  const iso = (inMs: number): string => new Date(nowMs + inMs).toISOString()
  return APPOINTMENTS.flatMap(({ id, what, lang, inMs, then = [] }, index) => {
    const cue = (atMs: number, type: string, data: Record<string, unknown>): Cue => ({
      atMs,
      address: { tenant, kind: 'reminder', id },
      input: { type: `appointment.${type}`, id: `demo-${type}`, source: 'demo', data },
    })
    return [
      cue(index * 200, 'booked', { at: iso(inMs), what, lang }),
      ...then.map(([atMs, type, moveToMs]) => cue(atMs, type, moveToMs === undefined ? {} : { at: iso(moveToMs) })),
    ]
  })
}
