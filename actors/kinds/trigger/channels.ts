import { z } from 'zod'
import { codeOf, messageOf, TerminalError } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import { alertCleared, alertRaised, CHANNELS } from '../../../schemas/trigger-events.ts'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'

/** What goes to somebody outside: an alert was raised, or cleared. */
export const notificationSchema = z.object({
  /** Names it among those of the trigger: the same for all attempts. */
  id: z.string(),
  channel: z.enum(CHANNELS),
  /** A URL or a mail address. */
  to: z.string(),
  format: z.enum(['slack', 'feishu', 'dingtalk']).optional(),
  about: z.enum(['raised', 'cleared']),
  /** For people. */
  text: z.string(),
  alert: z.union([alertRaised, alertCleared]),
})
export type Notification = z.infer<typeof notificationSchema>

/** What a delivery takes from its task: `key` is the same for every attempt of one notification, and different for every other one. */
export type DeliveryCall = Pick<TaskCall<Notification>, 'key' | 'signal' | 'signingKey'>

/** Makes one attempt to deliver a notification. Each throws where it fails: a TerminalError where another attempt cannot help. */
type Deliver = (notification: Notification, call: DeliveryCall) => Promise<void>

/** The ways to people and programs outside. */
export type Channels = Readonly<Record<Notification['channel'], Deliver>>

/** An attempt that hangs, or finds no free runner, is given up after this time. */
const DEADLINE_MS = 30_000
/** Attempts of a process at a time. Tenants take turns: the hanging hooks of one leave a quarter to the others. */
const CONCURRENCY_MAX = 96

/** The task of a notification is one attempt. Whether another one follows is the trigger's to say: its alert may be over by then. */
export const deliveryTask = (channels: Channels) =>
  defineTask({
    input: notificationSchema,
    output: z.object({ refused: taskError.optional().meta({ description: 'Another attempt cannot help' }) }),
    deadlineMs: DEADLINE_MS,
    attemptsMax: 1,
    concurrencyMax: CONCURRENCY_MAX,
    hasTenantTurns: true,
    async run({ input, actor: { tenant, kind }, signal, signingKey }) {
      try {
        await channels[input.channel](input, { key: `${tenant}-${kind}-${input.id}`, signal, signingKey })
        return {}
      } catch (error) {
        if (error instanceof TerminalError) return { refused: { code: codeOf(error) ?? 'error', message: messageOf(error) } }
        throw error
      }
    },
  })
