CREATE SCHEMA IF NOT EXISTS "app";
--> statement-breakpoint
CREATE TABLE "app"."notes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "app"."notes_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"owner" text NOT NULL,
	"title" text NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "app"."users" (
	"sub" text PRIMARY KEY NOT NULL,
	"username" text,
	"email" text,
	"first_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "app"."notes" ADD CONSTRAINT "notes_owner_users_sub_fk" FOREIGN KEY ("owner") REFERENCES "app"."users"("sub") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "notes_owner_position" ON "app"."notes" USING btree ("owner","position" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "notes_position" ON "app"."notes" USING btree ("position" DESC NULLS LAST);