import { assign, enqueueActions, setup } from 'xstate'
import { DESK_KIND } from '../../../schemas/desk-events.ts'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { send } from '../../definition/send-action.ts'
import { defineDesk } from './desk-definition.ts'
import { EMPTY_DESK, packed, unpacked } from './desk-state.ts'
import { createShift } from './shift.ts'

/** Options of the kind `desk`. */
export interface DeskOptions {
  /** Name of the kind. Default: `desk`. */
  readonly name?: string
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
        isQuiet: ({ context }) => context.dueAt === null,
        isWaiting: ({ context }) => context.dueAt !== null,
        isSooner: ({ context: { dueAt, armedFor } }) => dueAt !== null && armedFor !== null && dueAt < armedFor,
      },
      actions: {
        /** Does what is due, what the event asks, and offers what waits. */
        take: enqueueActions(({ context, event, enqueue }) => {
          const desk = unpacked(context)
          const shift = createShift(desk, context.id, Date.parse(event.at))
          const from = parseActorSource('source' in event ? event.source : '') ?? { kind: '', id: '' }
          shift.settle()
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
          }
          shift.offer()
          for (const emitted of shift.emits) enqueue.emit(emitted)
          for (const sent of shift.sends) enqueue(send(sent))
          enqueue.assign({ ...packed(desk), dueAt: shift.dueAt() })
        }),
        arm: assign({ armedFor: ({ context }) => context.dueAt }),
        disarm: assign({ armedFor: null }),
      },
    }).createMachine({
      id: DESK_KIND,
      context: ({ input: { id } }) => ({ id, ...EMPTY_DESK, dueAt: null, armedFor: null }),
      initial: 'quiet',
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
    }),
  )
}
