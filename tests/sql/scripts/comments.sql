-- COMMENT ON TABLE, VIEW and COLUMN, IS NULL; names with the schema public, CREATE SCHEMA IF NOT EXISTS public; what is not there.
CREATE SCHEMA IF NOT EXISTS public;
CREATE SCHEMA public;
CREATE TABLE public.t (id INT PRIMARY KEY, x TEXT);
CREATE VIEW public.v AS SELECT t.x, COUNT(*) AS n FROM public.t GROUP BY t.x;
COMMENT ON TABLE t IS 'a table';
COMMENT ON TABLE public.t IS 'it''s a table';
COMMENT ON COLUMN t.x IS 'a column';
COMMENT ON COLUMN public.t.x IS 'a column';
COMMENT ON COLUMN v.n IS 'counted';
COMMENT ON VIEW v IS 'a view';
COMMENT ON VIEW public.v IS NULL;
COMMENT ON TABLE v IS 'no table';
COMMENT ON VIEW t IS 'no view';
COMMENT ON TABLE missing IS 'x';
COMMENT ON COLUMN t.missing IS 'x';
INSERT INTO public.t VALUES (1, 'a'), (2, 'a'), (3, NULL);
-- check
UPDATE public.t SET x = 'b' WHERE t.id = 1;
DELETE FROM public.t WHERE id = 3;
-- check
