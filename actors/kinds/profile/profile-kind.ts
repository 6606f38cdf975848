import { assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { personal } from '../../../schemas/personal.ts'
import {
  customerTold,
  type Fact,
  factSchema,
  messageRefSchema,
  PROFILE_KIND,
  PROFILE_LIMITS,
  profileChanged,
  profileErased,
} from '../../../schemas/profile-events.ts'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { type Applied, applied } from './facts.ts'
import { modelStatements, readTask } from './read-by-model.ts'
import type { Statement } from './statement.ts'
import { mayTell, statementsIn } from './statements-in.ts'

/** Options of the kind `profile`. */
export interface ProfileOptions {
  /** Name of the kind. Default: `profile`, which is the only one that other kinds ask. */
  readonly name?: string
}

/** An id that `createCustomerKeys` makes; at another one, no page of a customer would show what is told. */
const PROFILE_ID = /^[0-9a-f]{32}$/

const { customerCharsMax, factsMax, waitingMax } = PROFILE_LIMITS
const waitingSchema = customerTold.pick({ text: true }).extend({ message: messageRefSchema, at: z.string() })
type Waiting = z.infer<typeof waitingSchema>

export const profileContextSchema = z.object({
  customer: personal(z.string().max(customerCharsMax)).nullable().meta({ description: 'His id; null before he said anything' }),
  facts: z.array(factSchema).max(factsMax).meta({ description: 'Oldest first' }),
  waiting: z.array(waitingSchema).max(waitingMax).meta({ description: 'Messages that a model is to read' }),
})
type Context = z.infer<typeof profileContextSchema>
const EMPTY: Context = { customer: null, facts: [], waiting: [] }

const defineProfile = (name: string) =>
  defineKind({
    name,
    version: 1,
    context: profileContextSchema,
    events: { 'customer.told': customerTold, 'profile.erased': profileErased },
    emits: { 'profile.changed': profileChanged.describe('Facts came, were corrected or withdrawn') },
    tasks: { read: readTask },
    label: ({ facts }) => ({ conversation: false, facts: facts.length }),
    refuse: ({ customer }, { type, data }, { id }) => {
      if (type !== 'customer.told') return undefined
      if (!PROFILE_ID.test(id)) return `id: ${JSON.stringify(id)} is no id of a profile, which GET /v1/customers/<tenant>/<customer> tells`
      return customer !== null && customer !== String(data.customer)
        ? 'customer: this is the profile of another customer; the id of a profile follows from its customer'
        : undefined
    },
  })

/** What a message changes. @param by what understood it */
const changed = (
  facts: readonly Fact[],
  statements: readonly Statement[],
  { message, at }: Omit<Waiting, 'text'>,
  by: Fact['by'],
): Applied<Fact> => applied(facts, statements, ({ about, value, words }) => ({ about, value, words, said: message, at, by }))

const eventsOf = ({ facts, said, withdrawn }: Applied<Fact>): z.infer<typeof profileChanged>[] =>
  said.length + withdrawn.length === 0 ? [] : [{ said: shown(said), withdrawn: shown(withdrawn), facts: facts.length }]
const shown = (facts: readonly Fact[]): Pick<Fact, 'about' | 'value'>[] => facts.map(({ about, value }) => ({ about, value }))

/**
 * Creates the kind `profile`: what a customer said about himself in any of his conversations. Its id follows from the customer by a key of
 * the tenant. Rules read each message; a language model, where there is one, reads what may say more.
 */
export function createProfile({ name = PROFILE_KIND }: ProfileOptions = {}) {
  const kind = defineProfile(name)
  return kind.with(
    setup({
      ...kind.xstate,
      guards: { isWaiting: ({ context }) => context.waiting.length > 0 },
      actions: {
        hear: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'customer.told') return
          const { customer, text, message } = event.data
          const from = parseActorSource(event.source)
          const told = { text, message: { actor: from === undefined ? null : `${from.kind}/${from.id}`, id: message }, at: event.at }
          const isRead = mayTell(text) && context.waiting.length < waitingMax
          const change = changed(context.facts, statementsIn(text), told, 'rules')
          const waiting = isRead ? [...context.waiting, told] : context.waiting
          enqueue.assign({ customer: String(customer), facts: [...change.facts], waiting })
          for (const data of eventsOf(change)) enqueue.emit({ type: 'profile.changed', data })
        }),
        learn: enqueueActions(({ context, enqueue }, { found }: { readonly found: Parameters<typeof modelStatements>[0] }) => {
          const [told, ...waiting] = context.waiting
          if (told === undefined) return
          const change = changed(context.facts, modelStatements(found, context.facts), told, 'model')
          enqueue.assign({ facts: [...change.facts], waiting })
          for (const data of eventsOf(change)) enqueue.emit({ type: 'profile.changed', data })
        }),
        skip: assign({ waiting: ({ context }) => context.waiting.slice(1) }),
        erase: enqueueActions(({ enqueue }) => {
          enqueue.assign(EMPTY)
          // Without what is erased: processes that know the customer read the profile again.
          enqueue.emit({ type: 'profile.changed', data: { said: [], withdrawn: [], facts: 0 } })
        }),
      },
    }).createMachine({
      id: PROFILE_KIND,
      context: EMPTY,
      initial: 'listening',
      on: { 'customer.told': { actions: 'hear' }, 'profile.erased': { target: '.listening', actions: 'erase' } },
      states: {
        listening: { always: { guard: 'isWaiting', target: 'reading' } },
        reading: {
          invoke: {
            id: 'read',
            src: 'read',
            input: ({ context }) => ({ text: context.waiting[0]?.text ?? '' }),
            onDone: { target: 'listening', actions: { type: 'learn', params: ({ event }) => event.output } },
            // The rules have read it.
            onError: { target: 'listening', actions: 'skip' },
          },
        },
      },
    }),
  )
}

/** The kind `profile`. */
export const profileKind = createProfile()
