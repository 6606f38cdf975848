import { assign, enqueueActions, setup } from 'xstate'
import { DESK_KIND } from '../../../schemas/desk-events.ts'
import { parseActorSource } from '../../../schemas/subjects.ts'
import type { WaitingCases } from '../../../schemas/waiting-cases.ts'
import { send } from '../../definition/send-action.ts'
import { defineDesk } from './desk-definition.ts'
import { EMPTY_DESK, packed, type StoredDesk, unpacked } from './desk-state.ts'
import { findQuery, lacksCases } from './places.ts'
import { createShift } from './shift.ts'

/** Options of the kind `desk`. */
export interface DeskOptions {
  /** Name of the kind. Default: `desk`. */
  readonly name?: string
}

/** Opens the desk for one input: what is due is done. `close` offers what waits, and says what comes of it. @param at RFC 3339 */
function openShift(context: StoredDesk & { readonly id: string }, at: string) {
  const desk = unpacked(context)
  const shift = createShift(desk, context.id, Date.parse(at))
  shift.settle()
  const close = () => {
    shift.offer()
    return { emits: shift.emits, sends: shift.sends, next: { ...packed(desk), dueAt: shift.dueAt() } }
  }
  return { shift, close }
}

/**
 * Creates the kind `desk`: one actor a team, which hands cases to people. Each case that it has is offered to one agent at a time until
 * one takes it, and each promise of time that is missed is told once.
 */
export function createDesk({ name = DESK_KIND }: DeskOptions = {}) {
  const kind = defineDesk(name)
  return kind.with(
    setup({
      ...kind.xstate,
      delays: { due: ({ context, event }) => Math.max(0, (context.armedFor ?? 0) - Date.parse(event.at)) },
      guards: {
        lacksCases: ({ context }) => lacksCases(context),
        isQuiet: ({ context }) => context.dueAt === null,
        isWaiting: ({ context }) => context.dueAt !== null,
        isSooner: ({ context: { dueAt, armedFor } }) => dueAt !== null && armedFor !== null && dueAt < armedFor,
      },
      actions: {
        /** Does what is due, what the event asks, and offers what waits. */
        take: enqueueActions(({ context, event, enqueue }) => {
          const { shift, close } = openShift(context, event.at)
          const from = parseActorSource('source' in event ? event.source : '') ?? { kind: '', id: '' }
          switch (event.type) {
            case 'team.set':
              shift.setTeam(event.data)
              break
            case 'agent.online':
              shift.online(event.data)
              break
            case 'agent.offline':
              shift.offline(event.data)
              break
            case 'case.waiting':
              shift.waiting(from, event.data)
              break
            case 'case.asked':
              shift.asked(from)
              break
            case 'case.replied':
              shift.replied(from, event.data)
              break
            case 'case.ended':
              shift.ended(from)
              break
            case 'case.accepted':
              shift.accepted(event.data)
              break
            case 'case.declined':
              shift.declined(event.data)
              break
            case 'case.returned':
              shift.returned(event.data)
              break
            case 'case.transferred':
              shift.transferred(event.data)
              break
            case 'canned.set':
            case 'canned.removed':
              // The tables keep them.
              break
          }
          const { emits, sends, next } = close()
          for (const emitted of emits) enqueue.emit(emitted)
          for (const sent of sends) enqueue(send(sent))
          enqueue.assign(next)
        }),
        /** Learns of cases that it had turned away, and calls those for whom there is a place. */
        learn: enqueueActions(({ context, event, enqueue }, { found }: { found: WaitingCases | undefined }) => {
          const { shift, close } = openShift(context, event.at)
          shift.found(found)
          const { emits, sends, next } = close()
          for (const emitted of emits) enqueue.emit(emitted)
          for (const sent of sends) enqueue(send(sent))
          enqueue.assign(next)
        }),
        arm: assign({ armedFor: ({ context }) => context.dueAt }),
        disarm: assign({ armedFor: null }),
      },
    }).createMachine({
      id: DESK_KIND,
      context: ({ input: { id } }) => ({ id, ...EMPTY_DESK, dueAt: null, armedFor: null }),
      type: 'parallel',
      on: {
        'team.set': { actions: 'take' },
        'agent.online': { actions: 'take' },
        'agent.offline': { actions: 'take' },
        'case.waiting': { actions: 'take' },
        'case.asked': { actions: 'take' },
        'case.replied': { actions: 'take' },
        'case.ended': { actions: 'take' },
        'case.accepted': { actions: 'take' },
        'case.declined': { actions: 'take' },
        'case.returned': { actions: 'take' },
        'case.transferred': { actions: 'take' },
      },
      states: {
        time: {
          initial: 'quiet',
          states: {
            /** Time alone changes nothing. */
            quiet: { always: { guard: 'isWaiting', target: 'waiting' } },
            waiting: {
              entry: 'arm',
              exit: 'disarm',
              always: [
                { guard: 'isQuiet', target: 'quiet' },
                { guard: 'isSooner', target: 'waiting', reenter: true },
              ],
              after: { due: { target: 'waiting', reenter: true, actions: 'take' } },
            },
          },
        },
        room: {
          initial: 'known',
          states: {
            /** The cases that are next are known, or there is no place. */
            known: { always: { guard: 'lacksCases', target: 'finding' } },
            finding: {
              invoke: {
                id: 'find',
                src: 'find',
                input: ({ context, event }) => findQuery(context, event.at),
                onDone: { target: 'known', actions: { type: 'learn', params: ({ event }) => ({ found: event.output }) } },
                onError: { target: 'known', actions: { type: 'learn', params: { found: undefined } } },
              },
            },
          },
        },
      },
    }),
  )
}
