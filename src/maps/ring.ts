// Doubly linked rings through two words of memory, next and previous; a head is a node that belongs to no element.

export function ring(i32: Int32Array, head: number): void {
  i32[head >> 2] = head;
  i32[(head >> 2) + 1] = head;
}

export function nextOf(i32: Int32Array, node: number): number {
  return i32[node >> 2];
}

export function previousOf(i32: Int32Array, node: number): number {
  return i32[(node >> 2) + 1];
}

export function isEmpty(i32: Int32Array, head: number): boolean {
  return i32[head >> 2] === head;
}

export function removeNode(i32: Int32Array, node: number): void {
  const next = i32[node >> 2];
  const previous = i32[(node >> 2) + 1];
  i32[previous >> 2] = next;
  i32[(next >> 2) + 1] = previous;
}

export function addHead(i32: Int32Array, node: number, head: number): void {
  const first = i32[head >> 2];
  i32[node >> 2] = first;
  i32[(node >> 2) + 1] = head;
  i32[(first >> 2) + 1] = node;
  i32[head >> 2] = node;
}

export function moveHead(i32: Int32Array, node: number, head: number): void {
  removeNode(i32, node);
  addHead(i32, node, head);
}

export function moveTail(i32: Int32Array, node: number, head: number): void {
  removeNode(i32, node);
  addHead(i32, node, previousOf(i32, head));
}
