/** The part of dagre that is used here: its own declarations import files without extensions, which `nodenext` does not find. */
declare module '@dagrejs/dagre' {
  interface NodeLabel {
    readonly width: number
    readonly height: number
    /** Centre; set by `layout`. */
    readonly x?: number
    readonly y?: number
  }
  interface EdgeLabel extends NodeLabel {
    /** Ranks that it spans at least. */
    readonly minlen: number
    readonly labelpos: 'c'
    /** Set by `layout`: on the borders of its nodes, and between them one on each rank. */
    readonly points?: readonly { readonly x: number; readonly y: number }[]
  }
  interface GraphLabel {
    readonly nodesep: number
    readonly edgesep: number
    readonly ranksep: number
    /** Set by `layout`. */
    readonly width?: number
  }
  export class Graph {
    constructor(options: { readonly multigraph: boolean })
    setGraph(label: GraphLabel): this
    graph(): GraphLabel
    setNode(id: string, label: NodeLabel): this
    node(id: string): NodeLabel
    setEdge(from: string, to: string, label: EdgeLabel, id: string): this
    edge(from: string, to: string, id: string): EdgeLabel
  }
  export function layout(graph: Graph): void
}
