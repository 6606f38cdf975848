import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import {
  DOCUMENT_KIND,
  DOCUMENT_LIMITS,
  LANGUAGES,
  TEMPLATE_KIND,
  templateAsked,
  templateChanged,
  templateFailed,
  type templateGiven,
  templateSet,
} from '../../../schemas/document-events.ts'
import { messageOf } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import { objectReference } from '../../../schemas/object-reference.ts'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { toMany } from '../../definition/to-many.ts'
import { schemaProblem } from './data-schema.ts'
import { textProblem } from './liquid.ts'
import { sourceHash, templateSource } from './template-source.ts'

const factsSchema = z.object({
  version: z.int().positive(),
  hash: z.string(),
  bytes: z.int(),
  lang: z.enum(LANGUAGES),
  note: z.string().optional(),
})
const versionSchema = factsSchema.extend({ source: objectReference, at: z.string() })
const contextSchema = z.object({
  id: z.string(),
  /** Oldest first; the last one is in use. */
  versions: z.array(versionSchema).max(DOCUMENT_LIMITS.versionsMax),
  /** The version that is being stored. */
  next: factsSchema.nullable(),
})
type Context = z.infer<typeof contextSchema>

const defineTemplate = (name: string, documentKind: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: { 'template.set': templateSet, 'template.asked': templateAsked },
    sentBy: { 'template.asked': '*' },
    emits: { 'template.changed': templateChanged, 'template.failed': templateFailed },
    tasks: {
      keep: defineTask({
        input: templateSource,
        output: objectReference,
        deadlineMs: 60_000,
        attemptsMax: 5,
        concurrencyMax: 16,
        run: ({ input, store }) => store(JSON.stringify(input)),
      }),
      tell: toMany({ kind: documentKind, type: 'template.given' }),
    },
    label: ({ versions }) => ({ version: versions.at(-1)?.version ?? 0, lang: versions.at(-1)?.lang ?? null }),
    refuse: (_, input) => (input.type === 'template.set' ? (textProblem(input.data.text) ?? schemaProblem(input.data.schema)) : undefined),
  })

/** Options of the kind `template`. */
export interface TemplateOptions {
  /** Name of the kind. Default: `template`. */
  readonly name?: string
  /** Name of the kind of its documents. Default: `document`. */
  readonly documentKind?: string
}

const givenOf = ({ id, versions }: Context): z.input<typeof templateGiven> => ({
  template: id,
  version: versions.at(-1)?.version ?? 0,
  source: versions.at(-1)?.source ?? null,
})

/**
 * Creates the kind `template`: Markdown with Liquid, in versions. The text of a version is an object of its own, so that a document gets a
 * reference. What is no template is refused with its line. All documents of the template are told of a new version.
 */
export function createTemplate({ name = TEMPLATE_KIND, documentKind = DOCUMENT_KIND }: TemplateOptions = {}) {
  const kind = defineTemplate(name, documentKind)
  return kind.with(
    setup({
      ...kind.xstate,
      guards: {
        isUnset: ({ context }) => context.versions.length === 0,
        isNew: ({ context: { next, versions }, event }) =>
          event.type === 'template.set' && sourceHash(event.data) !== (next ?? versions.at(-1))?.hash,
      },
      actions: {
        begin: enqueueActions(({ context: { versions }, event, enqueue }) => {
          if (event.type !== 'template.set') return
          const { text, lang, note } = event.data
          const version = (versions.at(-1)?.version ?? 0) + 1
          const facts = { version, hash: sourceHash(event.data), bytes: Buffer.byteLength(text), lang }
          enqueue.assign({ next: { ...facts, ...(note !== undefined && { note }) } })
        }),
        use: enqueueActions(({ context: { next, versions }, event, enqueue }, { source }: { source: z.infer<typeof objectReference> }) => {
          if (next === null) return
          const { version, lang, bytes } = next
          enqueue.assign({ versions: [...versions, { ...next, source, at: event.at }].slice(-DOCUMENT_LIMITS.versionsMax), next: null })
          enqueue.emit({ type: 'template.changed', data: { version, lang, bytes } })
        }),
        fail: enqueueActions(({ enqueue }, { error }: { error: unknown }) => {
          const { code, message } = taskError.safeParse(error).data ?? { code: 'error', message: messageOf(error) }
          enqueue.assign({ next: null })
          enqueue.emit({ type: 'template.failed', data: { code, problem: message } })
        }),
        answer: enqueueActions(({ context, event, enqueue }) => {
          const by = parseActorSource(event.source)
          if (by !== undefined) enqueue(send({ kind: by.kind, id: by.id, type: 'template.given', data: givenOf(context) }))
        }),
      },
    }).createMachine({
      id: TEMPLATE_KIND,
      context: ({ input: { id } }) => ({ id, versions: [], next: null }),
      initial: 'ready',
      on: {
        'template.set': { guard: 'isNew', target: '.storing', reenter: true, actions: 'begin' },
        'template.asked': { actions: 'answer' },
      },
      states: {
        ready: {},
        storing: {
          invoke: {
            id: 'keep',
            src: 'keep',
            input: ({ event }) => templateSource.parse(event.type === 'template.set' ? event.data : {}),
            onDone: { target: 'telling', actions: { type: 'use', params: ({ event }) => ({ source: event.output }) } },
            // A telling that this version has stopped goes on.
            onError: { target: 'telling', actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
          },
        },
        telling: {
          always: { guard: 'isUnset', target: 'ready' },
          invoke: {
            id: 'tell',
            src: 'tell',
            input: ({ context }) => ({ where: { label: { template: context.id } }, data: givenOf(context) }),
            onDone: 'ready',
            onError: { target: 'ready', actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
          },
        },
      },
    }),
  )
}
