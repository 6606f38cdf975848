import { enqueueActions, setup } from 'xstate'
import { PROMPT_KIND, promptChanged, promptNameSchema, promptReleased, promptRolledOut, promptSet } from '../../../schemas/prompt-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keptTexts, promptContextSchema, promptHash } from './prompt-context.ts'
import { releasedBy, releaseProblem, setProblem } from './prompt-problems.ts'

const kind = defineKind({
  name: PROMPT_KIND,
  version: 1,
  context: promptContextSchema,
  events: { 'prompt.set': promptSet, 'prompt.released': promptReleased },
  emits: { 'prompt.changed': promptChanged, 'prompt.rolled_out': promptRolledOut },
  tasks: {},
  label: ({ version, release }) => ({ version, released: release.version, share: release.share, before: release.before }),
  refuse: (context, input, { id }) => {
    const name = promptNameSchema.safeParse(id)
    if (!name.success) return `"${id}" is no name of a prompt: ${name.error.issues[0]?.message ?? 'it does not match'}`
    return input.type === 'prompt.set' ? setProblem(input.data) : releaseProblem(context, input.data)
  },
})

/**
 * The kind `prompt`: a prompt of a tenant, in versions, and who gets which. Setting the newest version again changes nothing, nor does
 * releasing what is released.
 */
export const promptKind = kind.with(
  setup({
    ...kind.xstate,
    guards: {
      isNew: ({ context, event }) => {
        if (event.type === 'prompt.set') return context.texts.at(-1)?.hash !== promptHash(event.data)
        const { version, share = 1 } = event.data
        return version !== context.release.version || share !== context.release.share
      },
    },
    actions: {
      set: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'prompt.set') return
        const { text, variables, note } = event.data
        const version = context.version + 1
        const made = { version, text, variables, hash: promptHash(event.data), ...(note !== undefined && { note }) }
        enqueue.assign({ version, texts: keptTexts({ ...context, version, texts: [...context.texts, made] }) })
        enqueue.emit({ type: 'prompt.changed', data: { version, hash: made.hash } })
      }),
      release: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'prompt.released') return
        const release = releasedBy(context, event.data)
        enqueue.assign({ release, texts: keptTexts({ ...context, release }) })
        enqueue.emit({ type: 'prompt.rolled_out', data: release })
      }),
    },
  }).createMachine({
    id: 'prompt',
    context: { version: 0, release: { version: 0, share: 1, before: 0 }, texts: [] },
    initial: 'taught',
    states: {
      taught: { on: { 'prompt.set': { guard: 'isNew', actions: 'set' }, 'prompt.released': { guard: 'isNew', actions: 'release' } } },
    },
  }),
)
