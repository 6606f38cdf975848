import { z } from 'zod'
import type { LoggedRecord } from '../chaos-history.ts'
import { type CreateFollower, emittedOf, entryOf, GRACE_MS, kindIn } from './follower.ts'

const scheduleSchema = z.looseObject({ every: z.string() })
const appointmentSchema = z.object({ at: z.iso.datetime({ offset: true }) })
const FIRST_MS = 86_400_000

/** The moment of a cron of one moment of the year. */
function momentOf(every: string, at: string): number {
  const [second = 0, minute = 0, hour = 0, day = 1, month = 1] = every.split(' ').map(Number)
  return Date.UTC(new Date(at).getUTCFullYear(), month - 1, day, hour, minute, second)
}

interface Schedule {
  set: string
  /** When an input is due; `undefined` where none is. */
  dueMs: number | undefined
}
interface Reminder {
  dueMs: number | undefined
  /** Reminders of the appointment as it is. */
  reminded: number
}

/** A schedule sends one input for each due time, and an appointment has one reminder, unless it was changed before. */
export const followCalendars: CreateFollower = (report) => {
  const schedules = new Map<string, Schedule>()
  const reminders = new Map<string, Reminder>()

  const takeSchedule = ({ seq, actor, record }: LoggedRecord): void => {
    const schedule = entryOf(schedules, actor, (): Schedule => ({ set: '', dueMs: undefined }))
    const { type, data } = record.input
    const set = JSON.stringify(data)
    if (type === 'schedule.removed') Object.assign(schedule, { set: '', dueMs: undefined })
    if (type === 'schedule.set' && set !== schedule.set) {
      const dueMs = momentOf(scheduleSchema.parse(data).every, record.at)
      Object.assign(schedule, { set, dueMs: dueMs > Date.parse(record.at) ? dueMs : undefined })
    }
    for (const { id } of record.sent ?? []) {
      if (schedule.dueMs === undefined) report('due', `LOG ${seq}: ${actor} sends ${id}, which is not due`)
      schedule.dueMs = undefined
    }
  }
  const takeReminder = ({ seq, actor, record }: LoggedRecord): void => {
    const reminder = entryOf(reminders, actor, (): Reminder => ({ dueMs: undefined, reminded: 0 }))
    const { type, data } = record.input
    const isOpen = record.from.startsWith('open')
    if (type === 'appointment.booked' || (type === 'appointment.moved' && isOpen)) {
      Object.assign(reminder, { dueMs: Date.parse(appointmentSchema.parse(data).at) - FIRST_MS, reminded: 0 })
    }
    if (isOpen && (type === 'appointment.confirmed' || type === 'appointment.cancelled')) reminder.dueMs = undefined
    reminder.reminded += emittedOf(record, 'message.sent').length
    if (reminder.reminded > 1) report('due', `LOG ${seq}: ${actor} reminds ${reminder.reminded} times of one appointment`)
  }
  return {
    kinds: ['schedule', 'reminder'],
    take: (entry) => (kindIn(entry.actor) === 'schedule' ? takeSchedule(entry) : takeReminder(entry)),
    finish(readAtMs) {
      const isMissed = (dueMs: number | undefined): boolean => dueMs !== undefined && dueMs + GRACE_MS < readAtMs
      for (const [actor, { dueMs }] of schedules) if (isMissed(dueMs)) report('due', `${actor} has not sent what was due at ${dueMs}`)
      for (const [actor, { dueMs, reminded }] of reminders) {
        if (reminded === 0 && isMissed(dueMs)) report('due', `${actor} has not reminded of what was due at ${dueMs}`)
      }
    },
  }
}
