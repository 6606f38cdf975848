import { assign, emit, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { KNOWN_EMITS } from '../../../schemas/events.ts'
import { defineKind } from '../../definition/define-kind.ts'

const HOUR_MS = 3_600_000
/** How long before the appointment the first reminder, the second reminder and the call to a person are due. */
const FIRST_MS = 24 * HOUR_MS
const SECOND_MS = 3 * HOUR_MS
const ESCALATE_MS = HOUR_MS
/** A mark that is at most this far ahead counts as reached, because the clock that fires a timer may be slightly slow. */
const SKEW_MS = 5_000

const timeSchema = z.iso.datetime({ offset: true }).meta({ description: 'With its offset from UTC; the booker handles time zones' })
const appointmentSchema = z.object({
  at: timeSchema,
  what: z.string().min(1).max(200).meta({ description: 'In the language of the person to remind' }),
  lang: z.enum(['en', 'zh']),
})
const contextSchema = z.object({ appointment: appointmentSchema.nullable(), reminders: z.int().nonnegative() })
type Context = z.infer<typeof contextSchema>

const defineReminder = (name: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'appointment.booked': appointmentSchema,
      'appointment.moved': z.object({ at: timeSchema }),
      'appointment.confirmed': z.object({}),
      'appointment.cancelled': z.object({}),
    },
    emits: KNOWN_EMITS,
    tasks: {},
    label: ({ appointment, reminders }) => ({ what: appointment?.what ?? null, at: appointment?.at ?? null, reminders }),
  })

const remainingMs = ({ appointment }: Context, now: string): number => Date.parse(appointment?.at ?? now) - Date.parse(now)
const close = (outcome: string) => ({ type: 'close', params: { outcome } }) as const
const isBefore = (markMs: number) => ({ type: 'isBefore', params: markMs }) as const

/** Options of the kind `reminder`. */
export interface ReminderOptions {
  /** Name of the kind. Default: `reminder`. */
  readonly name?: string
}

/**
 * Creates the kind `reminder`: one appointment, with two reminders until it is confirmed, then a call to a person. All times count back
 * from the appointment. They move with the appointment, and a late timer or input shortens the remaining time.
 */
export function createReminder({ name = 'reminder' }: ReminderOptions = {}) {
  const kind = defineReminder(name)
  return kind.with(
    setup({
      ...kind.xstate,
      delays: {
        first: ({ context, event }) => Math.max(0, remainingMs(context, event.at) - FIRST_MS),
        second: ({ context, event }) => Math.max(0, remainingMs(context, event.at) - SECOND_MS),
        escalation: ({ context, event }) => Math.max(0, remainingMs(context, event.at) - ESCALATE_MS),
        start: ({ context, event }) => Math.max(0, remainingMs(context, event.at)),
      },
      guards: {
        isOver: ({ context, event }) => remainingMs(context, event.at) <= 0,
        isBefore: ({ context, event }, markMs: number) => remainingMs(context, event.at) - markMs > SKEW_MS,
      },
      actions: {
        book: assign(({ context: { appointment }, event }) => {
          if (event.type === 'appointment.booked') return { appointment: event.data, reminders: 0 }
          return event.type === 'appointment.moved' && appointment !== null ? { appointment: { ...appointment, at: event.data.at } } : {}
        }),
        remind: enqueueActions(({ context, event, enqueue }) => {
          const { what, lang } = context.appointment ?? { what: '', lang: 'en' }
          enqueue.emit({ type: 'message.sent', data: { text: reminderText(what, lang, remainingMs(context, event.at)), lang } })
          enqueue.assign({ reminders: context.reminders + 1 })
        }),
        callPerson: emit({ type: 'escalated', data: { reason: 'unconfirmed' } }),
        close: emit((_, { outcome }: { outcome: string }) => ({ type: 'case.closed', data: { outcome } })),
      },
    }).createMachine({
      id: 'reminder',
      context: { appointment: null, reminders: 0 },
      initial: 'new',
      on: { 'appointment.booked': { target: '.open', actions: 'book' } },
      states: {
        new: {},
        open: {
          initial: 'choosing',
          on: {
            'appointment.moved': { target: '.choosing', actions: 'book' },
            'appointment.confirmed': '.confirmed',
            'appointment.cancelled': { target: 'closed', actions: close('cancelled') },
          },
          states: {
            choosing: {
              always: [
                { guard: 'isOver', target: '#reminder.closed', actions: close('past') },
                { guard: isBefore(FIRST_MS), target: 'booked' },
                { target: 'due' },
              ],
            },
            booked: { after: { first: 'due' } },
            due: {
              always: [
                { guard: 'isOver', target: '#reminder.closed', actions: close('unconfirmed') },
                { guard: isBefore(SECOND_MS), target: 'reminded', actions: 'remind' },
                { guard: isBefore(ESCALATE_MS), target: 'remindedAgain', actions: 'remind' },
                { target: 'escalated', actions: 'callPerson' },
              ],
            },
            reminded: { after: { second: 'due' } },
            remindedAgain: { after: { escalation: 'due' } },
            escalated: { after: { start: { target: '#reminder.closed', actions: close('unconfirmed') } } },
            confirmed: { after: { start: { target: '#reminder.closed', actions: close('kept') } } },
          },
        },
        closed: {},
      },
    }),
  )
}

function reminderText(what: string, lang: 'en' | 'zh', ms: number): string {
  const [hours, minutes] = [Math.round(ms / HOUR_MS), Math.round(ms / 60_000)]
  const isSoon = minutes < 120
  if (lang === 'zh') return `提醒您：${what}，约${isSoon ? `${minutes}分钟` : `${hours}小时`}后开始。请确认，或告诉我们取消。`
  return `A reminder: ${what}, in about ${isSoon ? `${minutes} minutes` : `${hours} hours`}. Please confirm it, or tell us to cancel.`
}
