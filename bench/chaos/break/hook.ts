import { registerHooks } from 'node:module'
import { BREAKS, broken, type Break } from './breaks.ts'

/** For `node --import <this>?<name of a break>`: the one file that the break is about is loaded changed. */
const name = new URL(import.meta.url).search.slice(1)
const found = Object.entries<Break>(BREAKS).find(([one]) => one === name)?.[1]
if (found === undefined) throw new Error(`there is no break "${name}"`)
const changed = new URL(`../../../${found.file}`, import.meta.url).href

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (url !== changed || loaded.source === undefined) return loaded
    const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
    return { ...loaded, source: broken(source, found) }
  },
})
