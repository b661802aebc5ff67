// A small use of the generated client, type-checked by `make contract`; docs/clients.md shows the same.
import createClient from "openapi-fetch";
import type { components, paths } from "../clients/typescript/exchange.js";

type Lot = components["schemas"]["LotRead"];

export async function offerGypsum(address: string, key: string, siteId: string): Promise<Lot> {
  const client = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${key}` } });
  const { data, error } = await client.POST("/v1/lots", {
    body: {
      site_id: siteId,
      material: "phosphogypsum",
      quantity_t: 12000,
      available_from: "2026-08-01",
      available_to: "2035-12-31",
      price_cny_per_t: "-15.50", // exact as text, where a number could lose digits
      recurring: null, // optional fields may be left out or null
    },
  });
  if (error !== undefined) {
    throw new Error(`${error.code}: ${error.detail}`);
  }
  return data;
}

export async function readRate(address: string, key: string): Promise<number | null> {
  const client = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${key}` } });
  const { data, error } = await client.GET("/v1/statistics/utilisation", {
    params: { query: { from: "2026-01", to: "2026-12", district: "50", group_by: "material" } },
  });
  if (error !== undefined) {
    throw new Error(`${error.code}: ${error.detail}`);
  }
  if (typeof data === "string") {
    throw new Error("CSV was not asked for");
  }
  return data.total.rate_pct;
}
