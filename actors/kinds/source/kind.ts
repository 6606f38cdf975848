import { enqueueActions, setup } from 'xstate'
import { knowledgeChanged, SOURCE_KIND, sourceForgotten, sourceTaught } from '../../../schemas/knowledge-events.ts'
import { hasTags } from '../../../schemas/tags.ts'
import { defineKind } from '../../definition/define-kind.ts'
import {
  applyPart,
  type Change,
  chunkCount,
  type Context,
  contextSchema,
  emptyContext,
  isExpectedPart,
  removeAll,
  withoutTags,
} from './revision.ts'

const kind = defineKind({
  name: SOURCE_KIND,
  version: 2,
  context: contextSchema,
  events: { 'source.taught': sourceTaught, 'source.forgotten': sourceForgotten },
  emits: { 'knowledge.changed': knowledgeChanged },
  tasks: {},
  migrate: { 1: withoutTags },
  label: ({ source, title, lang, url, tags, chunks }) => ({
    source,
    title,
    lang,
    url,
    /** JSON, because a fact of a label is one value. */
    tags: hasTags(tags) ? JSON.stringify(tags) : null,
    chunks: chunkCount(chunks),
  }),
})

const hasChunks = ({ chunks, coming }: Context): boolean => chunks !== '' || coming !== null

/**
 * The kind `source`: one source of knowledge, such as a file. Its state holds the ids of its chunks only; their texts are in the records of
 * the uploads, where the indexer reads them.
 */
export const sourceKind = kind.with(
  setup({
    ...kind.xstate,
    guards: {
      isNextPart: ({ context, event }) =>
        event.type === 'source.taught' && event.data.part < event.data.parts && isExpectedPart(context, event.data),
      isLastPart: ({ context, event }) =>
        event.type === 'source.taught' && event.data.part === event.data.parts && isExpectedPart(context, event.data),
      knowsSomething: ({ context }) => hasChunks(context),
    },
    actions: {
      change: enqueueActions(({ context, event, enqueue }) => {
        const {
          context: after,
          added,
          removed,
          tags,
        }: Change = event.type === 'source.taught' ? applyPart(context, event.data) : removeAll(context)
        enqueue.assign(after)
        enqueue.emit({
          type: 'knowledge.changed',
          data: { source: after.source, revision: after.revision, added: [...added], removed: [...removed], ...(tags && { tags }) },
        })
      }),
    },
  }).createMachine({
    id: 'source',
    context: ({ input }) => emptyContext(input.id),
    initial: 'empty',
    on: {
      'source.taught': [
        { guard: 'isLastPart', target: '.known', actions: 'change' },
        { guard: 'isNextPart', target: '.arriving', actions: 'change' },
      ],
      'source.forgotten': { guard: 'knowsSomething', target: '.forgotten', actions: 'change' },
    },
    states: { empty: {}, arriving: {}, known: {}, forgotten: {} },
  }),
)
