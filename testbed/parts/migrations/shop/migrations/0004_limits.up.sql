CREATE FUNCTION links_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.followed < 0 THEN
        RAISE EXCEPTION 'a link is followed at least never';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER links_limit BEFORE INSERT OR UPDATE ON links FOR EACH ROW EXECUTE FUNCTION links_limit();
