import { isDeepStrictEqual } from 'node:util'
import { enqueueActions, setup } from 'xstate'
import { HOOK_KIND, hookChanged, hookContextSchema, hookRemoved, type HookSet, hookSet } from '../../../schemas/hook-events.ts'
import { defineKind } from '../../definition/define-kind.ts'

const kind = defineKind({
  name: HOOK_KIND,
  version: 1,
  context: hookContextSchema,
  events: {
    'hook.set': hookSet.describe('A URL to call for each event of a type'),
    'hook.removed': hookRemoved.describe('The URL is called no more'),
  },
  emits: { 'hook.changed': hookChanged.describe('The hook as it is now') },
  tasks: {},
  label: ({ hook }) => ({ type: hook?.type ?? null, url: hook?.url ?? null }),
})

type Input = { readonly type: 'hook.set'; readonly data: HookSet } | { readonly type: 'hook.removed' }
const wanted = (input: Input): HookSet | null => (input.type === 'hook.set' ? input.data : null)

/** The kind `hook`: a URL that is called for emitted events. Setting the same again changes nothing, nor does removing it twice. */
export const hookKind = kind.with(
  setup({
    ...kind.xstate,
    guards: { isNew: ({ context, event }) => !isDeepStrictEqual(context.hook, wanted(event)) },
    actions: {
      change: enqueueActions(({ context, event, enqueue }) => {
        const hook = wanted(event)
        enqueue.assign({ hook, beginnings: context.beginnings + (context.hook === null ? 1 : 0) })
        enqueue.emit({ type: 'hook.changed', data: { hook } })
      }),
    },
  }).createMachine({
    id: 'hook',
    context: { hook: null, beginnings: 0 },
    initial: 'active',
    states: {
      active: { on: { 'hook.set': { guard: 'isNew', actions: 'change' }, 'hook.removed': { guard: 'isNew', actions: 'change' } } },
    },
  }),
)
