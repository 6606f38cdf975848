import { z } from 'zod'
import { alertCleared, alertRaised, CHANNELS } from '../../../schemas/trigger-events.ts'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'

/** What goes to somebody outside: an alert was raised, or cleared. */
export const notificationSchema = z.object({
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

/** What a delivery takes from its task: `key` is the same for every attempt of one notification. */
export type DeliveryCall = Pick<TaskCall<Notification>, 'key' | 'signal' | 'signingKey'>

/** Delivers a notification. Each throws where it fails: a TerminalError where another attempt cannot help. */
type Deliver = (notification: Notification, call: DeliveryCall) => Promise<void>

/** The ways to people and programs outside. */
export type Channels = Readonly<Record<Notification['channel'], Deliver>>

/** A notification that hangs is given up after this time, with all attempts. */
const DEADLINE_MS = 60_000
const ATTEMPTS_MAX = 4
/** Notifications of one channel at a time in the whole cluster. */
const CONCURRENCY_MAX = 32

/** The task of a channel. */
export const deliveryTask = (deliver: Deliver) =>
  defineTask({
    input: notificationSchema,
    output: z.object({}),
    deadlineMs: DEADLINE_MS,
    attemptsMax: ATTEMPTS_MAX,
    concurrencyMax: CONCURRENCY_MAX,
    retry: { initialMs: 500, factor: 3 },
    run: async ({ input, key, signal, signingKey }) => {
      await deliver(input, { key, signal, signingKey })
      return {}
    },
  })
