import { assign, enqueueActions, setup } from 'xstate'
import { DOCUMENT_KIND, DOCUMENT_LIMITS, type DocumentSettings, TEMPLATE_KIND } from '../../../schemas/document-events.ts'
import { messageOf } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import { send } from '../../definition/send-action.ts'
import { changedData, type DocumentContext, keptVersions, newestOf } from './document-context.ts'
import { defineDocument, differs } from './document-definition.ts'
import type { DocumentProblem, MadeVersion, MakeDocument } from './render-task.ts'

/** Options of the kind `document`. */
export interface DocumentKindOptions {
  readonly make: MakeDocument
  /** Name of the kind. Default: `document`. */
  readonly name?: string | undefined
  /** Name of the kind of its templates. Default: `template`. */
  readonly templateKind?: string | undefined
}

/** A version is made when nothing has changed for so long. */
const QUIET_MS = 1_000
/** Where changes do not end, a version is made so long after the first of them. */
const CHANGES_MS_MAX = 10_000

/** Milliseconds until a version is made. */
function settleMs({ changedAt }: DocumentContext, at: string): number {
  const since = Date.parse(at) - Date.parse(changedAt ?? at)
  return Math.max(0, Math.min(QUIET_MS, CHANGES_MS_MAX - since))
}

function settingsOf({ settings }: DocumentContext): DocumentSettings {
  if (settings === null) throw new Error('a document without settings makes no version')
  return settings
}

/** What the task needs of the document. */
function renderInput(context: DocumentContext, at: string) {
  const { data, formats, title } = settingsOf(context)
  if (context.template === null) throw new Error('a document without its template makes no version')
  const newest = newestOf(context)
  const files = newest && { title: newest.title, files: newest.files }
  const { source } = context.template
  return { id: context.id, source, data, formats, at, ...(title !== undefined && { title }), ...(files !== undefined && { newest: files }) }
}

const problemOfError = (error: unknown): DocumentProblem => {
  const { code, message } = taskError.safeParse(error).data ?? { code: 'error', message: messageOf(error) }
  return { code, problem: message.slice(0, DOCUMENT_LIMITS.problemCharsMax) }
}

/**
 * Creates the kind `document`: a template filled with data. It makes itself again when either has changed, keeps its versions, and a person
 * approves them.
 */
export function createDocumentKind({ make, name = DOCUMENT_KIND, templateKind = TEMPLATE_KIND }: DocumentKindOptions) {
  const kind = defineDocument(make, name, templateKind)
  const document = setup({
    ...kind.xstate,
    delays: { settle: ({ context, event }) => settleMs(context, event.at) },
    guards: {
      isOfOther: ({ context, event }) => event.type === 'document.set' && event.data.template !== context.settings?.template,
      isNew: ({ context: { settings }, event }) =>
        event.type === 'document.set' && event.data.template === settings?.template && differs(event.data, settings),
      isChange: ({ context: { settings }, event }) =>
        event.type === 'document.changed' && settings !== null && differs(changedData(settings.data, event.data.data), settings.data),
      isNewer: ({ context: { settings, template }, event }) =>
        event.type === 'template.given' && event.data.template === settings?.template && event.data.version > (template?.version ?? 0),
      isStale: ({ context }) => context.changedAt !== null,
      isApproved: ({ context }) => context.approved > 0 && context.approved === newestOf(context)?.version,
      isDeclined: ({ context }) => context.declined > 0 && context.declined === newestOf(context)?.version,
    },
    actions: {
      set: assign(({ context, event }) => {
        if (event.type !== 'document.set') return context
        const isOther = context.settings?.template !== event.data.template
        return { settings: event.data, changedAt: context.changedAt ?? event.at, template: isOther ? null : context.template }
      }),
      change: assign(({ context: { settings, changedAt }, event }) => {
        if (event.type !== 'document.changed' || settings === null) return {}
        return { settings: { ...settings, data: changedData(settings.data, event.data.data) }, changedAt: changedAt ?? event.at }
      }),
      give: assign(({ context: { changedAt }, event }) => {
        if (event.type !== 'template.given' || event.data.source === null) return {}
        return { template: { version: event.data.version, source: event.data.source }, changedAt: changedAt ?? event.at }
      }),
      ask: send(({ context }) => ({ kind: templateKind, id: settingsOf(context).template, type: 'template.asked', data: {} })),
      begin: assign({ changedAt: null }),
      add: enqueueActions(({ context, event, enqueue }, { made }: { made: MadeVersion | undefined }) => {
        if (made === undefined) return
        const version = (newestOf(context)?.version ?? 0) + 1
        const facts = { version, template: settingsOf(context).template, templateVersion: context.template?.version ?? 1, ...made }
        enqueue.assign({ versions: keptVersions([...context.versions, { ...facts, at: event.at }], context.approved) })
        enqueue.emit({ type: 'document.rendered', data: facts })
      }),
      fail: enqueueActions(({ context, enqueue }, { problem }: { problem: DocumentProblem | undefined }) => {
        if (problem === undefined) return
        const { template } = settingsOf(context)
        enqueue.emit({ type: 'document.failed', data: { template, templateVersion: context.template?.version ?? 1, ...problem } })
      }),
      approve: enqueueActions(({ context: { declined }, event, enqueue }) => {
        if (event.type !== 'approval.given') return
        enqueue.assign({ approved: event.data.version, declined: declined === event.data.version ? 0 : declined })
        enqueue.emit({ type: 'document.approved', data: event.data })
      }),
      decline: enqueueActions(({ context: { approved }, event, enqueue }) => {
        if (event.type !== 'approval.declined') return
        enqueue.assign({ declined: event.data.version, approved: approved === event.data.version ? 0 : approved })
        enqueue.emit({ type: 'document.declined', data: event.data })
      }),
    },
  })
  return kind.with(
    document.createMachine({
      id: DOCUMENT_KIND,
      context: ({ input: { id } }) => ({ id, settings: null, template: null, changedAt: null, versions: [], approved: 0, declined: 0 }),
      initial: 'empty',
      on: {
        'document.set': [
          { guard: 'isOfOther', target: '.asking', reenter: true, actions: 'set' },
          { guard: 'isNew', target: '.settling', reenter: true, actions: 'set' },
        ],
        'document.changed': { guard: 'isChange', target: '.settling', reenter: true, actions: 'change' },
        'template.given': { guard: 'isNewer', target: '.settling', reenter: true, actions: 'give' },
        'approval.given': { actions: 'approve' },
        'approval.declined': { actions: 'decline' },
      },
      states: {
        empty: {},
        /** The template has not told of a version yet: it has not answered, or it was never set. */
        asking: {
          entry: 'ask',
          on: { 'document.set': { guard: 'isNew', actions: 'set' }, 'document.changed': { guard: 'isChange', actions: 'change' } },
        },
        settling: { after: { settle: 'rendering' } },
        rendering: {
          entry: 'begin',
          invoke: {
            id: 'render',
            src: 'render',
            input: ({ context, event }) => renderInput(context, event.at),
            onDone: [
              {
                guard: ({ event }) => event.output.problem !== undefined,
                target: 'failed',
                actions: { type: 'fail', params: ({ event }) => ({ problem: event.output.problem }) },
              },
              { target: 'current', actions: { type: 'add', params: ({ event }) => ({ made: event.output.made }) } },
            ],
            onError: { target: 'failed', actions: { type: 'fail', params: ({ event }) => ({ problem: problemOfError(event.error) }) } },
          },
          /** What is being made is finished first, so that changes without an end do not keep a document from its versions. */
          on: {
            'document.set': { guard: 'isNew', actions: 'set' },
            'document.changed': { guard: 'isChange', actions: 'change' },
            'template.given': { guard: 'isNewer', actions: 'give' },
          },
        },
        current: {
          always: { guard: 'isStale', target: 'settling' },
          initial: 'draft',
          on: { 'approval.given': { target: '.draft', actions: 'approve' }, 'approval.declined': { target: '.draft', actions: 'decline' } },
          states: {
            draft: {
              always: [
                { guard: 'isApproved', target: 'approved' },
                { guard: 'isDeclined', target: 'declined' },
              ],
            },
            approved: {},
            declined: {},
          },
        },
        failed: { always: { guard: 'isStale', target: 'settling' }, on: { 'document.retried': 'rendering' } },
      },
    }),
  )
}
