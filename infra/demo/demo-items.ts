import type { Item } from '../../schemas/catalogue-events.ts'
import type { Cue } from './play-script.ts'

const ITEMS_PER_SECOND = 5
/** The last item of the catalogue is withdrawn after so long. */
const WITHDRAWN_MS = 30_000

/** The catalogue of the shop, offered item by item; one is withdrawn while visitors look for it. */
export function itemCues(tenant: string, catalogue: readonly Item[]): Cue[] {
  const address = (number: number) => ({ tenant, kind: 'item', id: `item-${number + 1}` })
  const offered = catalogue.map(({ item, topics }, number): Cue => {
    const data = { item, title: item, topics: [...topics] }
    return {
      atMs: (number * 1_000) / ITEMS_PER_SECOND,
      address: address(number),
      input: { type: 'item.offered', data, id: 'demo-1', source: 'demo', sequence: 1 },
    }
  })
  const withdrawn: Cue = {
    atMs: WITHDRAWN_MS,
    address: address(catalogue.length - 1),
    input: { type: 'item.withdrawn', data: {}, id: 'demo-2', source: 'demo', sequence: 2 },
  }
  return [...offered, withdrawn]
}
