import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { toMany } from '../../actors/definition/to-many.ts'
import { recipientsWhere } from '../../schemas/recipients.ts'
import type { Address } from '../../schemas/subjects.ts'

export const CHANGED = 'template.changed'

const document = defineKind({
  name: 'document',
  version: 1,
  context: z.object({ template: z.string(), pages: z.int(), signed: z.boolean(), version: z.int(), times: z.int() }),
  events: {
    opened: z.object({ template: z.string(), pages: z.int().optional(), signed: z.boolean().optional() }),
    filed: z.object({}),
    ended: z.object({}),
    [CHANGED]: z.object({ version: z.int().positive() }),
  },
  emits: {},
  tasks: {},
  label: ({ template, pages }) => ({ template, pages }),
})

/** A document of a template. It counts the changes of which it hears. */
export const documentKind = document.with(
  setup(document.xstate).createMachine({
    context: { template: '', pages: 1, signed: false, version: 0, times: 0 },
    initial: 'open',
    on: {
      opened: {
        actions: assign(({ event: { data } }) => ({ template: data.template, pages: data.pages ?? 1, signed: data.signed ?? false })),
      },
      [CHANGED]: { actions: assign({ version: ({ event }) => event.data.version, times: ({ context }) => context.times + 1 }) },
    },
    states: {
      open: { on: { filed: 'archive', ended: 'over' } },
      archive: { initial: 'shelf', states: { shelf: {} } },
      over: { type: 'final' },
    },
  }),
)

const template = defineKind({
  name: 'template',
  version: 1,
  context: z.object({ id: z.string(), version: z.int(), reached: z.int(), code: z.string(), where: recipientsWhere.optional() }),
  events: {
    changed: z.object({ where: recipientsWhere.optional() }),
    'changed.for.few': z.object({}),
    'changed.for.nobody': z.object({}),
    'changed.wrongly': z.object({}),
    stopped: z.object({}),
  },
  emits: {},
  tasks: {
    tell: toMany({ kind: documentKind, type: CHANGED }),
    tellFew: toMany({ kind: documentKind, type: CHANGED, recipientsMax: 2 }),
    tellNobody: toMany({ kind: 'nobody', type: CHANGED }),
    tellWrongly: toMany({ kind: 'document', type: CHANGED }),
  },
})

const codeIn = (error: unknown): string => z.object({ code: z.string() }).parse(error).code

/** A template that tells its documents that it has changed. */
export const templateKind = template.with(
  setup({
    ...template.xstate,
    actions: {
      count: assign((_, { recipients }: { recipients: number }) => ({ reached: recipients })),
      noteError: assign((_, { code }: { code: string }) => ({ code })),
    },
  }).createMachine({
    context: ({ input }: { input: Address }) => ({ id: input.id, version: 1, reached: -1, code: '' }),
    initial: 'still',
    states: {
      still: {
        on: {
          changed: {
            target: 'telling',
            actions: assign({ version: ({ context }) => context.version + 1, where: ({ event }) => event.data.where }),
          },
          'changed.for.few': 'tellingFew',
          'changed.for.nobody': 'tellingNobody',
          'changed.wrongly': 'tellingWrongly',
        },
      },
      telling: {
        on: { stopped: 'still' },
        invoke: {
          src: 'tell',
          input: ({ context: { id, version, where } }) => ({ where: where ?? { context: { template: id } }, data: { version } }),
          onDone: { target: 'told', actions: { type: 'count', params: ({ event }) => event.output } },
          onError: { target: 'failed', actions: { type: 'noteError', params: ({ event }) => ({ code: codeIn(event.error) }) } },
        },
      },
      tellingFew: {
        invoke: {
          src: 'tellFew',
          input: { where: {}, data: { version: 2 } },
          onDone: { target: 'told', actions: { type: 'count', params: ({ event }) => event.output } },
          onError: { target: 'failed', actions: { type: 'noteError', params: ({ event }) => ({ code: codeIn(event.error) }) } },
        },
      },
      tellingNobody: {
        invoke: {
          src: 'tellNobody',
          input: { where: {}, data: {} },
          onError: { target: 'failed', actions: { type: 'noteError', params: ({ event }) => ({ code: codeIn(event.error) }) } },
        },
      },
      tellingWrongly: {
        invoke: {
          src: 'tellWrongly',
          input: { where: {}, data: { version: 'new' } },
          onError: { target: 'failed', actions: { type: 'noteError', params: ({ event }) => ({ code: codeIn(event.error) }) } },
        },
      },
      told: { on: { changed: { target: 'telling', actions: assign({ version: ({ context }) => context.version + 1 }) } } },
      failed: {},
    },
  }),
)

export default [documentKind, templateKind]
