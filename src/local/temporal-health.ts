import { Connection } from '@temporalio/client';

/** Whether a Temporal server with this namespace answers there within the time: a real call, since the port opens before the server is ready. */
export async function answersAsTemporal(address: string, namespace: string, timeoutMs: number): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: timeoutMs });
    const { workflowService } = connection;
    await connection.withDeadline(Date.now() + timeoutMs, () => workflowService.describeNamespace({ namespace }));
    return true;
  } catch {
    // Refused, timed out, another kind of server, no such namespace: all of them are the answer "no".
    return false;
  } finally {
    await connection?.close();
  }
}
