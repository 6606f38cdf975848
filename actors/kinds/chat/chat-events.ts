import { z } from 'zod'
import { KNOWN_INPUTS, messageSent, replyCancel, routedFields } from '../../../schemas/events.ts'
import { CHAT_LIMITS } from './chat-context.ts'
import { fieldSchema, FORM_FIELDS_MAX, formProblemSchema } from './forms.ts'
import { replyOutput } from './reply-task.ts'
import { summarizeOutput } from './summarize-task.ts'

const id = z.string().min(1).max(64)
const by = z.string().min(1).max(128).optional()
const values = z.record(z.string().max(64), z.unknown())
const button = z.object({ id, label: z.string() }).meta({ title: 'Button' })
const form = { id, name: z.string(), title: z.string(), fields: z.array(fieldSchema).max(FORM_FIELDS_MAX) }
const problems = z
  .array(formProblemSchema)
  .max(FORM_FIELDS_MAX)
  .optional()
  .meta({ description: 'What was wrong with the values submitted' })
const called = { call: id.meta({ description: 'Id of the call within the conversation' }), name: z.string() }

/** What the machine hears. */
export const chatEvents = {
  ...KNOWN_INPUTS,
  'reply.cancel': replyCancel,
  'form.wanted': z.object({ form: z.string().max(64) }).describe('Somebody wants the person to fill in a form'),
  'form.submitted': z.object({ id, values }).describe('The person submits the values of an open form; a second time changes nothing'),
  'button.pressed': z.object({ id }).describe('The person presses a button of the latest reply that has some'),
  'tool.approved': z.object({ call: id, by }).describe('A person approves a call that waits for it'),
  'tool.refused': z
    .object({ call: id, by, reason: z.string().max(500).optional() })
    .describe('A person refuses a call that waits for it; the model is told'),
} as const

/** What the machine emits. */
export const chatEmits = {
  'message.sent': messageSent.extend({
    ...routedFields,
    made: replyOutput.shape.made.optional().meta({ description: 'memory: a quotation, without a model' }),
    remembered: z.array(z.string()).optional().meta({ description: 'Ids of earlier messages that the reply was made with' }),
    reasons: replyOutput.shape.reasons.meta({ description: 'Why no model wrote it, although there is one' }),
    form: z.object(form).optional().meta({ description: 'The form that the person is asked to fill in' }),
    buttons: z.array(button).max(CHAT_LIMITS.buttonsMax).optional(),
  }),
  'form.asked': z.object({ ...form, problems }).describe('The person is asked to fill in a form'),
  'form.completed': z.object({ id, name: z.string(), values }).describe('The values of a form, as its schema reads them'),
  'memory.summarized': summarizeOutput
    .extend({ turns: z.int().nonnegative().meta({ description: 'Turns that it takes in' }) })
    .describe('What the conversation keeps in mind of what was said'),
  'tool.proposed': z.object({ ...called, args: values }).describe('A call waits for the approval of a person'),
  'tool.called': z.object({ ...called, args: values }).describe('A call is done now'),
  'tool.answered': z.object({ ...called, result: z.string(), isCut: z.boolean() }).describe('A call has its result'),
  'tool.failed': z.object({ ...called, code: z.string(), problem: z.string() }).describe('A call was wrong, refused, or failed'),
} as const
/** An event as the machine emits it. */
export type ChatEmit = {
  [Type in keyof typeof chatEmits]: { readonly type: Type; readonly data: z.input<(typeof chatEmits)[Type]> }
}[keyof typeof chatEmits]
