import { isDeepStrictEqual } from 'node:util'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { tagLabels, type Tags } from '../../schemas/tags.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { IndexReader } from '../search/vector-store.ts'
import type { Tally } from './index-differences.ts'
import { readSource } from './source-state.ts'

/** A source, and its tags by its last record. */
export interface TaggedSource {
  readonly address: Address
  readonly seq: number
  readonly tags: Tags
}

/** Checks that searches find sources by the tags that their last records have, and by no others. */
export async function compareTags(
  { jetstream, reader }: { readonly jetstream: JetStreamContext; readonly reader: IndexReader },
  tally: Tally,
  sources: readonly TaggedSource[],
): Promise<void> {
  for (const [tenant, own] of Map.groupBy(sources, ({ address }) => address.tenant)) {
    const found = await reader.tagsOf(
      tenant,
      own.map(({ address }) => address.id),
    )
    for (const { address, seq, tags } of own) {
      const wanted = tagLabels(tags)
      if ((found.get(address.id) ?? []).every((labels) => isDeepStrictEqual(labels, wanted))) continue
      // A record that came meanwhile may have changed the tags: the slice of that record checks them.
      if ((await readSource(jetstream, address))?.seq !== seq) continue
      tally.differs({ kind: 'different', in: 'knowledge', tenant, actor: actorKey(address), seq, stateSeq: seq })
    }
  }
}
