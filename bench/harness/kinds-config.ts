import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { toMany } from '../../actors/definition/to-many.ts'
import { authorKind } from '../../actors/kinds/author/author-kind.ts'
import { createDesk } from '../../actors/kinds/desk/desk-kind.ts'
import { createDocumentKind } from '../../actors/kinds/document/kind.ts'
import { loadCatalogue } from '../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../actors/kinds/interest/kind.ts'
import { postKind } from '../../actors/kinds/post/post-kind.ts'
import { createQuestion } from '../../actors/kinds/question/kind.ts'
import { createReminder } from '../../actors/kinds/reminder/kind.ts'
import { seriesKind } from '../../actors/kinds/series/series-kind.ts'
import { createSupport } from '../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { createTemplate } from '../../actors/kinds/template/kind.ts'
import { topicKind } from '../../actors/kinds/topic/topic-kind.ts'
import { topicsKind } from '../../actors/kinds/topic/topics-kind.ts'
import { createTriggerKind } from '../../actors/kinds/trigger/trigger-kind.ts'
import { createReplyStream, type WrittenSentence } from '../../actors/streaming/reply-stream.ts'
import { createDocumentMaker } from '../../pipeline/documents/document-maker.ts'

/** A task that does nothing, so that its round trip measures only the overhead of tasks. */
const echo = defineTask({
  input: z.object({ text: z.string() }),
  output: z.object({ chars: z.number() }),
  deadlineMs: 60_000,
  attemptsMax: 3,
  concurrencyMax: 1_024,
  run: async ({ input: { text } }) => ({ chars: text.length }),
})

const errand = defineKind({
  name: 'bench-errand',
  version: 1,
  context: z.object({ done: z.number(), failed: z.number() }),
  events: { ask: z.object({ text: z.string() }) },
  emits: { answered: z.object({ chars: z.number() }) },
  tasks: { echo },
})

/** Starts a task for each input and emits its outcome. */
export const errandKind = errand.with(
  setup(errand.xstate).createMachine({
    id: 'errand',
    context: { done: 0, failed: 0 },
    initial: 'idle',
    states: {
      idle: { on: { ask: 'asking' } },
      asking: {
        invoke: {
          id: 'job',
          src: 'echo',
          input: ({ event }) => ({ text: event.type === 'ask' ? event.data.text : '' }),
          onDone: {
            target: 'idle',
            actions: [
              assign(({ context }) => ({ done: context.done + 1 })),
              emit(({ event }) => ({ type: 'answered', data: event.output })),
            ],
          },
          onError: { target: 'idle', actions: assign(({ context }) => ({ failed: context.failed + 1 })) },
        },
      },
    },
  }),
)

const pair = defineKind({
  name: 'bench-pair',
  version: 1,
  context: z.object({ count: z.number() }),
  events: { said: z.object({ text: z.string() }) },
  emits: { heard: z.object({ count: z.number() }) },
  tasks: {},
})

/** A small machine: two states and a count. */
export const pairKind = pair.with(
  setup({
    ...pair.xstate,
    actions: {
      count: assign(({ context }) => ({ count: context.count + 1 })),
      announce: emit(({ context }) => ({ type: 'heard', data: { count: context.count } })),
    },
  }).createMachine({
    id: 'pair',
    context: { count: 0 },
    initial: 'odd',
    states: {
      odd: { on: { said: { target: 'even', actions: ['count', 'announce'] } } },
      even: { on: { said: { target: 'odd', actions: ['count', 'announce'] } } },
    },
  }),
)

const sent = z.object({ text: z.string() })
const writer = defineKind({
  name: 'bench-writer',
  version: 1,
  context: z.object({}),
  events: { 'message.received': z.object({ text: z.string() }) },
  emits: { 'message.sent': sent },
  tasks: {
    write: defineTask({
      input: sent,
      output: sent,
      deadlineMs: 60_000,
      attemptsMax: 1,
      concurrencyMax: 1_024,
      async run({ input, generate, live, evaluate, log }) {
        const gate = async ({ text }: WrittenSentence): Promise<boolean> =>
          (await evaluate({ query: input.text, response: text })).scores.coherence > 0
        const reply = createReplyStream({ live, log, gate })
        const { text } = await generate({ messages: [{ role: 'user', content: input.text }], stream: reply.stream })
        await reply.settle(text)
        return { text }
      },
    }),
  },
})

/** Answers with what a language model writes, which people see meanwhile. */
export const writerKind = writer.with(
  setup(writer.xstate).createMachine({
    id: 'writer',
    context: {},
    initial: 'idle',
    states: {
      idle: { on: { 'message.received': 'writing' } },
      writing: {
        invoke: {
          id: 'write',
          src: 'write',
          input: ({ event }) => ({ text: event.type === 'message.received' ? event.data.text : '' }),
          onDone: { target: 'idle', actions: emit(({ event }) => ({ type: 'message.sent', data: event.output })) },
          onError: 'idle',
        },
      },
    },
  }),
)

const hearer = defineKind({
  name: 'bench-hearer',
  version: 1,
  context: z.object({ heard: z.number() }),
  events: { opened: z.object({}), changed: z.object({ to: z.number() }) },
  emits: {},
  tasks: {},
})

/** Counts the changes of which it hears. */
const hearerKind = hearer.with(
  setup(hearer.xstate).createMachine({
    id: 'hearer',
    context: { heard: 0 },
    on: { opened: {}, changed: { actions: assign({ heard: ({ context }) => context.heard + 1 }) } },
  }),
)

const teller = defineKind({
  name: 'bench-teller',
  version: 1,
  context: z.object({}),
  events: { change: z.object({ to: z.number() }) },
  emits: { told: z.object({ recipients: z.number() }) },
  tasks: { tell: toMany({ kind: hearerKind, type: 'changed' }) },
})

/** Tells all hearers of a change. */
const tellerKind = teller.with(
  setup(teller.xstate).createMachine({
    id: 'teller',
    context: {},
    initial: 'idle',
    states: {
      idle: { on: { change: 'telling' } },
      telling: {
        invoke: {
          id: 'tell',
          src: 'tell',
          input: ({ event }) => ({ data: { to: event.type === 'change' ? event.data.to : 0 } }),
          onDone: { target: 'idle', actions: emit(({ event }) => ({ type: 'told', data: event.output })) },
          onError: 'idle',
        },
      },
    },
  }),
)

/** What is delivered costs nothing here. */
const nowhere = async (): Promise<void> => undefined

/** The measured kinds: the built-in kinds, and kinds that do as little as possible. */
export default [
  createSupport({ articles: loadArticles() }),
  // The answer of a stub is the same for all, so that its quality says nothing.
  createQuestion({ articles: loadArticles(), qualityMin: 0, quotationMin: 0 }),
  createReminder(),
  createInterest(loadCatalogue()),
  errandKind,
  pairKind,
  writerKind,
  hearerKind,
  tellerKind,
  postKind,
  authorKind,
  topicKind,
  topicsKind,
  createDesk(),
  createTemplate(),
  createDocumentKind({ make: createDocumentMaker() }),
  seriesKind,
  createTriggerKind({ channels: { hook: nowhere, chat: nowhere, mail: nowhere } }),
]
