/** Declares the part of dagre that we use. TypeScript's `nodenext` cannot load dagre's own declarations: their imports lack extensions. */
declare module '@dagrejs/dagre' {
  interface NodeLabel {
    readonly width: number
    readonly height: number
    /** Centre; set by `layout`. */
    readonly x?: number
    readonly y?: number
  }
  interface EdgeLabel extends NodeLabel {
    /** Min number of ranks that the edge spans. */
    readonly minlen: number
    readonly labelpos: 'c'
    /** Set by `layout`: the first and the last point lie on the borders of the nodes; between them is one point on each rank. */
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
