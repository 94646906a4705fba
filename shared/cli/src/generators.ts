export async function generators(_root: string): Promise<{ name: string; description: string }[]> {
  return [];
}
